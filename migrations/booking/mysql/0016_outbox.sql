-- What is to be told waits here until the relay has published it: one row per transaction and lane. Rows fall into 4 lanes by
-- hotel; a lane is read in the order (published_at null, outbox_id), and its published rows are deleted by published_at: one
-- index does both, and tells how large rows are before they are read.
create table if not exists outbox (
    outbox_id bigint unsigned not null auto_increment,
    lane tinyint unsigned not null,
    -- How many entries there are.
    records int unsigned not null,
    -- A JSON array: whole records, transitions of bookings without the facts that stand in their rows, nights that were touched.
    entries mediumblob not null,
    bytes int unsigned generated always as (octet_length(entries)) stored,
    created_at datetime(6) not null,
    published_at datetime(6) null,
    primary key (outbox_id),
    key by_lane (lane, published_at, outbox_id, records, bytes)
) character set utf8mb4 collate utf8mb4_0900_bin;
