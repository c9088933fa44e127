-- Entries of the outbox that could not be told, and were passed so that what follows them is: an operator looks at them.
create table if not exists outbox_broken (
    outbox_id bigint unsigned not null,
    -- Where it stood in its row, from 0.
    place int unsigned not null,
    lane tinyint unsigned not null,
    entry mediumblob not null,
    why varchar(64) character set ascii collate ascii_bin not null,
    found_at datetime(6) not null,
    primary key (outbox_id, place)
) character set utf8mb4 collate utf8mb4_0900_bin;
