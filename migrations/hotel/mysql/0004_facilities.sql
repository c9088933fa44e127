-- The codes that tag hotels and rooms; search takes the same as `tags`.
create table if not exists facilities (
    code varchar(40) character set ascii collate ascii_bin not null,
    name varchar(80) not null,
    applies_to enum('hotel', 'room', 'both') character set ascii collate ascii_bin not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (code)
) character set utf8mb4 collate utf8mb4_0900_bin;
