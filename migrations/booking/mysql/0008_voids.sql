-- Checkout links that must die: written with the end of the hold, sent until the provider confirms. A payment is
-- voided once. Deleted by finished_at after the retention; an owed one has none.
create table if not exists voids (
    void_id binary(16) not null,
    payment_id binary(16) not null,
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    -- The hotel's, 0 to 15: whose job it is to send it (job_shares).
    share tinyint unsigned not null,
    reason varchar(40) character set ascii collate ascii_bin not null,
    status enum('owed', 'sent', 'succeeded', 'captured', 'failed') character set ascii collate ascii_bin not null,
    attempts int unsigned not null default 0,
    next_attempt_at datetime(6) null,
    last_error varchar(500) null,
    finished_at datetime(6) null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (void_id),
    unique key by_payment (payment_id),
    key by_due (status, next_attempt_at, share),
    key by_booking (booking_id),
    key by_finished (finished_at)
) character set utf8mb4 collate utf8mb4_0900_bin;
