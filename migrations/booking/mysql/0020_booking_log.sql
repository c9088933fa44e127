-- The history of bookings: every transition but the first, whose entry is the booking's own row, written with it in one
-- transaction. It stays after the purge and goes by `at` after the retention; a booking's id tells when it was made, so the
-- walk that deletes needs no index of its own.
create table if not exists booking_log (
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    version bigint not null,
    at datetime(6) not null,
    happening varchar(32) character set ascii collate ascii_bin not null,
    from_status enum('RESERVED', 'BOOKED', 'CANCELLED', 'COMPLETED') character set ascii collate ascii_bin not null,
    to_status enum('RESERVED', 'BOOKED', 'CANCELLED', 'COMPLETED') character set ascii collate ascii_bin not null,
    actor_kind enum('traveller', 'channel', 'manager', 'operator', 'provider', 'system') character set ascii collate ascii_bin not null,
    actor_id binary(16) null,
    actor_subject varchar(255) null,
    reason varchar(40) character set ascii collate ascii_bin null,
    -- By which event it was told, and of which refund: events that Kafka has lost are told again under their own names
    -- (`vacancy admin republish --bookings`). The first event's name follows from the booking's id.
    event_id binary(16) null,
    refund_id binary(16) null,
    primary key (booking_id, version)
) character set utf8mb4 collate utf8mb4_0900_bin;
