-- A room's facilities: part of the room, written and versioned with its row.
create table if not exists room_facilities (
    room_id binary(16) not null,
    code varchar(40) character set ascii collate ascii_bin not null,
    created_at datetime(6) not null,
    primary key (room_id, code),
    constraint room_facilities_room foreign key (room_id) references rooms (room_id),
    constraint room_facilities_code foreign key (code) references facilities (code)
) character set utf8mb4 collate utf8mb4_0900_bin;
