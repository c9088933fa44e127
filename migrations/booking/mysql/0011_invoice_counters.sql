-- The last number given, per hotel, kind and year (the hotel's own calendar).
create table if not exists invoice_counters (
    hotel_id binary(16) not null,
    kind enum('invoice', 'credit_note') character set ascii collate ascii_bin not null,
    year smallint unsigned not null,
    last_sequence int unsigned not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (hotel_id, kind, year)
) character set utf8mb4 collate utf8mb4_0900_bin;
