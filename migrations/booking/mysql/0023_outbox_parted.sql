-- The lanes of the outbox that a copy of the relay cannot publish although it reaches the log: others have them until then.
create table if not exists outbox_parted (
    lane tinyint unsigned not null,
    owner varchar(64) character set ascii collate ascii_bin not null,
    back_at datetime(6) not null,
    primary key (lane, owner)
) character set utf8mb4 collate utf8mb4_0900_bin;
