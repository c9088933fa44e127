-- Accounts that have made a hotel: only there to be locked, so that hotels of one account are counted one creation at a time.
create table if not exists owners (
    owner_id binary(16) not null,
    created_at datetime(6) not null,
    primary key (owner_id)
) character set utf8mb4 collate utf8mb4_0900_bin;
