-- Active bookings, and ended ones until they are archived. ONE table on the hot insert (measured: four tables cost
-- 1.7 times as much): the idempotency key of POST is a unique column here; lines, booker, price, policy and names are
-- JSON text in a BLOB (a JSON column costs 11 us a row, a BLOB 4; json_table(cast(facts as json) ...) still reads it).
--
-- Every index costs each booking 3 us (unique 4.5) of a budget of about 40, so there are five and no more:
--   by_scope      one effect per idempotency key: the unique key decides, never a read before it.
--   by_reference  client_reference is unique per user (nulls never collide).
--   by_user       one's own bookings in start_date order, and a traveller's open holds. A channel is a user, too.
--   by_hotel      a hotel's list in start_date order; status and version ride along, so that a page, its status filter
--                 and the (booking_id, version) that a body cache is checked against never open the wide rows.
--   by_due        when the row next needs one of our jobs. One column, computed by the core, serves three of them: ends of
--                 holds (RESERVED: hold_expires_at), completion (BOOKED: the first instant after the day of departure at
--                 the hotel, as its zone was known then) and the archiver (CANCELLED and COMPLETED: updated_at). RESERVED
--                 rows enter at the end of their range. The share rides along: a job passes by what is not its process's
--                 without opening the wide row.
-- A payment is found without an index: payment_id is computed from booking_id, and back.
create table if not exists bookings (
    booking_id binary(16) not null,
    hotel_id binary(16) not null,
    -- The hotel's, 0 to 15: whose job it is to look after the row (job_shares).
    share tinyint unsigned not null,
    user_id binary(16) not null,
    start_date date not null,
    end_date date not null,
    status enum('RESERVED', 'BOOKED', 'CANCELLED', 'COMPLETED') character set ascii collate ascii_bin not null,
    status_reason enum('payment_failed', 'hold_expired', 'traveller', 'hotel') character set ascii collate ascii_bin null,
    late_payment enum('rebooked', 'refunded') character set ascii collate ascii_bin null,
    hold_expires_at datetime(6) not null,
    version bigint not null,
    -- The version of which the archive holds a confirmed copy; the archiver notes it, and it raises no version.
    archived_version bigint null,
    -- SHA-256 of caller | operationId | key, and of the path and body in RFC 8785 form.
    idempotency_scope binary(32) not null,
    idempotency_hash binary(32) not null,
    client_reference varchar(64) character set ascii collate ascii_bin null,
    payment_id binary(16) not null,
    invoice_id binary(16) null,
    cancelled_at datetime(6) null,
    -- What cancelling has cost, in minor units of the booking's currency, and the word given with it. Facts never change:
    -- what does is a column, so that a transition writes no BLOB.
    penalty bigint null,
    cancellation_note varchar(200) null,
    -- Who made it: the first entry of its history; the others stand in booking_log.
    actor_kind enum('traveller', 'channel', 'manager', 'operator', 'provider', 'system') character set ascii collate ascii_bin not null,
    actor_id binary(16) null,
    actor_subject varchar(255) null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    due_at datetime(6) not null,
    facts mediumblob not null,
    primary key (booking_id),
    unique key by_scope (idempotency_scope),
    unique key by_reference (user_id, client_reference),
    key by_user (user_id, start_date, status),
    key by_hotel (hotel_id, start_date, status, version),
    key by_due (status, due_at, share),
    constraint bookings_dates check (start_date < end_date)
) character set utf8mb4 collate utf8mb4_0900_bin;
