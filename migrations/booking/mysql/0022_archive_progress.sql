-- How far the archiver has come, so that its copies share the work and a restart begins where the last one ended.
-- `fresh`: everything that ended before `at` was looked at. `whole`: where the slow walk over everything goes on; one copy
-- takes a page by moving the place on, and at the end nobody walks until `rests_until`.
create table if not exists archive_progress (
    walk enum('fresh', 'whole') character set ascii collate ascii_bin not null,
    status enum('CANCELLED', 'COMPLETED') character set ascii collate ascii_bin not null,
    at datetime(6) not null,
    booking_id binary(16) not null,
    rests_until datetime(6) null,
    primary key (walk, status)
) character set utf8mb4 collate utf8mb4_0900_bin;
