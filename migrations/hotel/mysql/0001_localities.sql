-- Cities and areas (GeoNames). `names` is a JSON array of every name, folded (domain::fold), at most 300.
-- GET /v1/localities asks for a folded prefix, with or without a country, in order of population.
create table if not exists localities (
    locality_id binary(16) not null,
    name varchar(200) not null,
    folded_name varchar(200) character set ascii collate ascii_bin not null,
    country_code char(2) character set ascii collate ascii_bin not null,
    latitude double not null,
    longitude double not null,
    time_zone varchar(64) character set ascii collate ascii_bin not null,
    population bigint unsigned not null,
    names mediumblob not null,
    version bigint not null,
    created_at datetime(6) not null,
    updated_at datetime(6) not null,
    primary key (locality_id),
    key by_name (folded_name, population),
    key by_country (country_code, folded_name, population)
) character set utf8mb4 collate utf8mb4_0900_bin;
