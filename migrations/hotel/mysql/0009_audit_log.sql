-- Who changed what, written with the change. `changes` is a JSON array of {pointer, before, after}.
-- Read newest first per hotel; deleted by `at` after the retention.
create table if not exists audit_log (
    audit_id binary(16) not null,
    hotel_id binary(16) not null,
    room_id binary(16) null,
    at datetime(6) not null,
    -- Who, as the booking database names them: a person in a role with the `sub` of their token, or the system.
    actor_kind enum('traveller', 'channel', 'manager', 'operator', 'provider', 'system') character set ascii collate ascii_bin not null,
    actor_id binary(16) null,
    actor_subject varchar(255) null,
    action varchar(40) character set ascii collate ascii_bin not null,
    version bigint not null,
    changes mediumblob not null,
    primary key (audit_id),
    key by_hotel (hotel_id, at, audit_id),
    key by_time (at)
) character set utf8mb4 collate utf8mb4_0900_bin;
