-- A hotel's facilities: part of the hotel, written and versioned with its row.
create table if not exists hotel_facilities (
    hotel_id binary(16) not null,
    code varchar(40) character set ascii collate ascii_bin not null,
    created_at datetime(6) not null,
    primary key (hotel_id, code),
    constraint hotel_facilities_hotel foreign key (hotel_id) references hotels (hotel_id),
    constraint hotel_facilities_code foreign key (code) references facilities (code)
) character set utf8mb4 collate utf8mb4_0900_bin;
