-- A room-night, the unit that is sold. A row appears when the night is first touched; until then the room's
-- quantity stands. The CHECK is the last judge of every sale. initial_quantity includes the allowance.
-- Past nights are deleted by date.
create table if not exists available_rooms (
    room_id binary(16) not null,
    date date not null,
    hotel_id binary(16) not null,
    initial_quantity int unsigned not null,
    available_quantity int unsigned not null,
    overbooking_allowance int unsigned not null default 0,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (room_id, date),
    key by_date (date),
    constraint available_in_range check (available_quantity between 0 and initial_quantity)
) character set utf8mb4 collate utf8mb4_0900_bin;
