-- The copies of the relay that live and reach the log: they share the lanes fairly, in the order in which they came.
create table if not exists outbox_relays (
    owner varchar(64) character set ascii collate ascii_bin not null,
    joined_at datetime(6) not null,
    alive_until datetime(6) not null,
    primary key (owner)
) character set utf8mb4 collate utf8mb4_0900_bin;
