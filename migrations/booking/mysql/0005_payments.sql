-- A payment, from the first word of the provider (or the first void or refund) on. Never deleted; outlives its
-- booking, so it carries whom to write to. `captured` is the sum of all captures under this payment_id,
-- `provider_reference` the capture the booking stands on; the CHECK keeps refunds within what came. A capture has one row
-- per booking, whoever tells of it and however often: by_capture decides. `amount` is what was asked for, in `currency`;
-- what was taken and went back is in `captured_currency`, null while it is the same.
create table if not exists payments (
    payment_id binary(16) not null,
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    user_id binary(16) not null,
    status enum('pending', 'succeeded', 'failed', 'voided', 'in_review', 'refund_due', 'refunded') character set ascii collate ascii_bin not null,
    amount bigint not null,
    currency char(3) character set ascii collate ascii_bin not null,
    captured bigint not null default 0,
    captured_currency char(3) character set ascii collate ascii_bin null,
    refunded bigint not null default 0,
    provider_reference varchar(128) null,
    failure_code varchar(64) null,
    review_reason varchar(64) character set ascii collate ascii_bin null,
    booker_name varchar(201) not null,
    booker_email varchar(254) character set ascii collate ascii_bin not null,
    language varchar(100) character set ascii collate ascii_bin not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (payment_id),
    unique key by_capture (booking_id, provider_reference),
    key by_status (status, updated_at),
    constraint payments_refunds check (0 <= refunded and refunded <= captured)
) character set utf8mb4 collate utf8mb4_0900_bin;
