-- One mail per event and recipient: claimed, sent, recorded (at least once; message_id is made from both, so that a
-- second delivery is recognised by mailers). Deleted by updated_at after the retention.
create table if not exists sent (
    event_id binary(16) not null,
    recipient varchar(254) character set ascii collate ascii_bin not null,
    kind varchar(64) character set ascii collate ascii_bin not null,
    booking_id binary(16) not null,
    status enum('claimed', 'sent', 'failed') character set ascii collate ascii_bin not null,
    message_id varchar(255) character set ascii collate ascii_bin not null,
    lease_until datetime(6) null,
    attempts int unsigned not null default 0,
    next_attempt_at datetime(6) null,
    last_error varchar(500) null,
    sent_at datetime(6) null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (event_id, recipient),
    key by_due (status, next_attempt_at),
    key by_booking (booking_id),
    key by_updated (updated_at)
) character set utf8mb4 collate utf8mb4_0900_bin;
