-- What must outlive an archived booking: its keys still answer, its payment is still found. Never deleted.
-- `version` goes on rising with events after the purge.
create table if not exists purged_bookings (
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    user_id binary(16) not null,
    client_reference varchar(64) character set ascii collate ascii_bin null,
    idempotency_scope binary(32) not null,
    idempotency_hash binary(32) not null,
    payment_id binary(16) not null,
    invoice_id binary(16) null,
    status enum('CANCELLED', 'COMPLETED') character set ascii collate ascii_bin not null,
    -- What became of money that came late, also after the purge: the archive may not have heard of it yet.
    late_payment enum('rebooked', 'refunded') character set ascii collate ascii_bin null,
    start_date date not null,
    end_date date not null,
    version bigint not null,
    -- Who made it, as in bookings.
    actor_kind enum('traveller', 'channel', 'manager', 'operator', 'provider', 'system') character set ascii collate ascii_bin not null,
    actor_id binary(16) null,
    actor_subject varchar(255) null,
    purged_at datetime(6) not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (booking_id),
    unique key by_scope (idempotency_scope),
    unique key by_reference (user_id, client_reference)
) character set utf8mb4 collate utf8mb4_0900_bin;
