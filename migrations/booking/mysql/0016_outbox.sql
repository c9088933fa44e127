-- Events wait here until the relay has published them. Rows fall into 4 lanes by hotel; a lane is read in
-- the order (published_at null, outbox_id), and its published rows are deleted by published_at: one index does both.
create table if not exists outbox (
    outbox_id bigint unsigned not null auto_increment,
    lane tinyint unsigned not null,
    topic varchar(64) character set ascii collate ascii_bin not null,
    event_key varchar(128) character set ascii collate ascii_bin not null,
    partition_key varchar(64) character set ascii collate ascii_bin not null,
    version bigint not null,
    -- The event as JSON; null when the relay reads the current rows after the commit.
    payload mediumblob null,
    traceparent varchar(64) character set ascii collate ascii_bin null,
    created_at datetime(6) not null,
    published_at datetime(6) null,
    primary key (outbox_id),
    key by_lane (lane, published_at, outbox_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
