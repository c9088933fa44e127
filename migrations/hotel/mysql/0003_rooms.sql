-- A room type. Amounts are minor units of the hotel's currency, per unit and night, taxes included.
create table if not exists rooms (
    room_id binary(16) not null,
    hotel_id binary(16) not null,
    display_name varchar(200) not null,
    description text not null,
    quantity int unsigned not null,
    occupancy tinyint unsigned not null,
    price_min bigint not null,
    price_max bigint not null,
    currency char(3) character set ascii collate ascii_bin not null,
    is_active boolean not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (room_id),
    key by_hotel (hotel_id, room_id),
    constraint rooms_quantity check (quantity <= 100000),
    constraint rooms_occupancy check (occupancy between 1 and 50),
    constraint rooms_prices check (1 <= price_min and price_min <= price_max),
    constraint rooms_hotel foreign key (hotel_id) references hotels (hotel_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
