-- Money that goes back: written in the transition's transaction, sent with its name there as the idempotency key.
-- Never deleted. `provider_reference` names the capture it returns.
create table if not exists refunds (
    refund_id binary(16) not null,
    -- What the provider knows it by; null: refund_id. An operator gives another name to one that was refused (failed).
    provider_refund_id binary(16) null,
    renewed_at datetime(6) null,
    -- The operator's subject.
    renewed_by varchar(255) null,
    payment_id binary(16) not null,
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    -- The hotel's, 0 to 15: whose job it is to send it (job_shares).
    share tinyint unsigned not null,
    amount bigint not null,
    currency char(3) character set ascii collate ascii_bin not null,
    reason varchar(40) character set ascii collate ascii_bin not null,
    status enum('owed', 'sent', 'succeeded', 'failed') character set ascii collate ascii_bin not null,
    provider_reference varchar(128) null,
    attempts int unsigned not null default 0,
    next_attempt_at datetime(6) null,
    last_error varchar(500) null,
    finished_at datetime(6) null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (refund_id),
    key by_due (status, next_attempt_at, share),
    key by_payment (payment_id),
    key by_booking (booking_id),
    constraint refunds_amount check (amount > 0)
) character set utf8mb4 collate utf8mb4_0900_bin;
