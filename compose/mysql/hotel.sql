-- Run once by the image, when it makes its first data.
create database if not exists `hotel`;
create database if not exists `notification`;
create user if not exists 'vacancy'@'%' identified by 'vacancy-dev';
grant all privileges on *.* to 'vacancy'@'%' with grant option;
