-- Which event a consumer group has handled, written in the transaction of its effect. Kept for a retention.
create table if not exists inbox (
    consumer_group varchar(64) character set ascii collate ascii_bin not null,
    event_id binary(16) not null,
    handled_at datetime(6) not null,
    primary key (consumer_group, event_id),
    key by_handled (handled_at)
) character set utf8mb4 collate utf8mb4_0900_bin;
