-- Which process publishes which lane, and below which id all of it is published.
create table if not exists outbox_lanes (
    lane tinyint unsigned not null,
    owner varchar(64) character set ascii collate ascii_bin null,
    lease_until datetime(6) null,
    published_below bigint unsigned not null default 0,
    primary key (lane)
) character set utf8mb4 collate utf8mb4_0900_bin;
