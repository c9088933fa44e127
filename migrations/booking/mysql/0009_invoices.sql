-- Issued with BOOKED (number null), numbered in order by a job right after: gapless per hotel and year.
-- Seller, buyer and price are the booking's facts, which never change. Never deleted.
create table if not exists invoices (
    invoice_id binary(16) not null,
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    user_id binary(16) not null,
    year smallint unsigned not null,
    sequence int unsigned null,
    number varchar(24) character set ascii collate ascii_bin null,
    issued_at datetime(6) not null,
    numbered_at datetime(6) null,
    total bigint not null,
    currency char(3) character set ascii collate ascii_bin not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (invoice_id),
    unique key by_booking (booking_id),
    unique key by_number (hotel_id, year, sequence),
    key by_waiting (number, issued_at, invoice_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
