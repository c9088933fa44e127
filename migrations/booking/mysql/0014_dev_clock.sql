-- The test clock's offset, added to the database's clock; 0 where /dev/clock is off. One row.
create table if not exists dev_clock (
    only_row tinyint unsigned not null default 1,
    offset_us bigint not null,
    primary key (only_row),
    constraint dev_clock_one_row check (only_row = 1)
) character set utf8mb4 collate utf8mb4_0900_bin;
