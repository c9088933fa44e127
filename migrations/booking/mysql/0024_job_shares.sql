-- Which process's jobs look after which share of hotels (holds, completions, numbers, voids, refunds, reconciliation). A lease of seconds on
-- the database's clock: who does not renew it has lost it. Two that work on one share at once do no harm, only work twice.
create table if not exists job_shares (
    share tinyint unsigned not null,
    owner varchar(64) character set ascii collate ascii_bin null,
    lease_until datetime(6) null,
    primary key (share)
) character set utf8mb4 collate utf8mb4_0900_bin;
