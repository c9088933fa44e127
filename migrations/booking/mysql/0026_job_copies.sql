-- Which processes live and run jobs, in the order in which they came: the shares are divided among these.
create table if not exists job_copies (
    owner varchar(64) character set ascii collate ascii_bin not null,
    joined_at datetime(6) not null,
    alive_until datetime(6) not null,
    primary key (owner)
) character set utf8mb4 collate utf8mb4_0900_bin;
