-- Images of a hotel (room_id null) or of one of its rooms. display_url is null while it is processed.
create table if not exists images (
    image_id binary(16) not null,
    hotel_id binary(16) not null,
    room_id binary(16) null,
    original_url varchar(2048) character set ascii collate ascii_bin not null,
    display_url varchar(2048) character set ascii collate ascii_bin null,
    width int unsigned not null,
    height int unsigned not null,
    alt varchar(500) not null,
    position smallint unsigned not null,
    is_cover boolean not null,
    is_active boolean not null default true,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (image_id),
    key by_hotel (hotel_id, room_id, position),
    constraint images_hotel foreign key (hotel_id) references hotels (hotel_id),
    constraint images_room foreign key (room_id) references rooms (room_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
