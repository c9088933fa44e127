-- What booking-service and mgmt know of a hotel, from hotel.events; `version` is the hotel's own and drops old events.
create table if not exists hotels_seen (
    hotel_id binary(16) not null,
    owner_id binary(16) not null,
    name varchar(200) not null,
    time_zone varchar(64) character set ascii collate ascii_bin not null,
    country_code char(2) character set ascii collate ascii_bin not null,
    currency char(3) character set ascii collate ascii_bin not null,
    check_in_time time not null,
    check_out_time time not null,
    phone varchar(16) character set ascii collate ascii_bin null,
    contact_email varchar(254) character set ascii collate ascii_bin not null,
    cover_image_url varchar(2048) character set ascii collate ascii_bin null,
    is_active boolean not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (hotel_id),
    key by_owner (owner_id, hotel_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
