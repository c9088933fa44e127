-- One mail per event, recipient and kind: hotel and traveller may share an address. It waits until it is sent, given up or
-- withheld. due_at: when it is tried next; while a process sends it, when its claim ends; null once it is over.
-- The event is kept until the mail is sent, so that nothing but this row is needed to try again.
create table if not exists mails (
    event_id binary(16) not null,
    recipient varchar(254) character set ascii collate ascii_bin not null,
    kind varchar(64) character set ascii collate ascii_bin not null,
    booking_id binary(16) not null,
    user_id binary(16) not null,
    status enum('waiting', 'sent', 'given_up', 'withheld') character set ascii collate ascii_bin not null,
    message_id varchar(255) character set ascii collate ascii_bin not null,
    event mediumblob null,
    unpaid boolean not null,
    due_at datetime(6) null,
    attempts int unsigned not null default 0,
    last_error varchar(500) null,
    sent_at datetime(6) null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (event_id, recipient, kind),
    key by_due (due_at),
    key by_booking (booking_id),
    key by_recipient (recipient, unpaid, created_at),
    key by_caller (user_id, unpaid, created_at),
    key by_updated (updated_at),
    key by_status (status, updated_at)
) character set utf8mb4 collate utf8mb4_0900_bin;
