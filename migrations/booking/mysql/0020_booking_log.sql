-- Who did what to a booking: an entry with every transition but the first, whose entry is the booking's own row. Written in
-- the same transaction; stays after the purge, until retention.booking_log_days are over.
create table if not exists booking_log (
    booking_id binary(16) not null,
    version bigint not null,
    at datetime(6) not null,
    happening varchar(32) character set ascii collate ascii_bin not null,
    from_status enum('RESERVED', 'BOOKED', 'CANCELLED', 'COMPLETED') character set ascii collate ascii_bin not null,
    to_status enum('RESERVED', 'BOOKED', 'CANCELLED', 'COMPLETED') character set ascii collate ascii_bin not null,
    actor_kind varchar(16) character set ascii collate ascii_bin not null,
    actor_id binary(16) null,
    actor_subject varchar(255) null,
    reason varchar(32) character set ascii collate ascii_bin null,
    primary key (booking_id, version)
) character set utf8mb4 collate utf8mb4_0900_bin;
