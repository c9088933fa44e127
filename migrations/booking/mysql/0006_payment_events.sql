-- Every well-signed callback, as it came: new, duplicate, unknown or contradicting. A redelivery (the same webhook_id
-- with the same body) is one row; another body under a used webhook_id is another message, with a row of its own.
-- `outcome` null until handled; what could not be carried out is the operator's list until it is dismissed. Deleted by
-- received_at after the retention, but for what stands in that list.
create table if not exists payment_events (
    webhook_id varchar(128) character set utf8mb4 collate utf8mb4_0900_bin not null,
    kind varchar(64) not null,
    payment_id binary(16) null,
    booking_id binary(16) null,
    -- Of the booking that it was carried out on.
    hotel_id binary(16) null,
    refund_id binary(16) null,
    provider_reference varchar(128) null,
    amount bigint null,
    currency varchar(8) null,
    failure_code varchar(64) null,
    outcome varchar(40) character set ascii collate ascii_bin null,
    sent_at datetime(6) null,
    received_at datetime(6) not null,
    handled_at datetime(6) null,
    dismissed_at datetime(6) null,
    body mediumblob not null,
    body_hash binary(32) as (unhex(sha2(body, 256))) stored not null,
    primary key (webhook_id, body_hash),
    key by_payment (payment_id, received_at),
    key by_outcome (outcome, received_at),
    key by_received (received_at)
) character set utf8mb4 collate utf8mb4_0900_bin;
