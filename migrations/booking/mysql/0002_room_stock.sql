-- What booking-service knows of a room, from hotel.events. room_version and hotel_version drop old events;
-- stock_version is our own counter: a transaction that takes rooms requires the one it decided on.
-- hotel_version is 0 and hotel_active false until the room's hotel has been seen.
create table if not exists room_stock (
    room_id binary(16) not null,
    hotel_id binary(16) not null,
    display_name varchar(200) not null,
    occupancy tinyint unsigned not null,
    quantity int unsigned not null,
    overbooking_allowance int unsigned not null default 0,
    price_min bigint not null,
    price_max bigint not null,
    currency char(3) character set ascii collate ascii_bin not null,
    is_active boolean not null,
    hotel_active boolean not null,
    stop_sell boolean not null default false,
    room_version bigint not null,
    hotel_version bigint not null,
    stock_version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (room_id),
    key by_hotel (hotel_id, room_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
