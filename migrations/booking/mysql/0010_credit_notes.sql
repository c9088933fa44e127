-- Takes back of an invoice what a refund returns; numbered like invoices. Never deleted.
create table if not exists credit_notes (
    credit_note_id binary(16) not null,
    invoice_id binary(16) not null,
    refund_id binary(16) not null,
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    year smallint unsigned not null,
    sequence int unsigned null,
    number varchar(24) character set ascii collate ascii_bin null,
    issued_at datetime(6) not null,
    numbered_at datetime(6) null,
    amount bigint not null,
    currency char(3) character set ascii collate ascii_bin not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (credit_note_id),
    unique key by_refund (refund_id),
    unique key by_number (hotel_id, year, sequence),
    key by_booking (booking_id),
    key by_waiting (number, issued_at, credit_note_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
