-- Answers of operations with an Idempotency-Key other than POST bookings, whose key is a column of its booking.
-- scope = SHA-256 of caller | operationId | key; request_hash = SHA-256 of the path with its values and the body in
-- RFC 8785 form. Written in the transaction of the effect; a refusal leaves no row.
create table if not exists idempotency_keys (
    scope binary(32) not null,
    request_hash binary(32) not null,
    operation_id varchar(64) character set ascii collate ascii_bin not null,
    user_id binary(16) not null,
    status smallint unsigned not null,
    location varchar(255) character set ascii collate ascii_bin null,
    etag varchar(32) character set ascii collate ascii_bin null,
    body mediumblob not null,
    -- Kept until that booking's purge.
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    created_at datetime(6) not null,
    primary key (scope),
    key by_booking (booking_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
