-- Cities and areas (GeoNames). `names` is a JSON array of every name, folded (domain::fold), at most 300.
-- GET /v1/localities asks for a folded prefix, with or without a country, in order of population: anybody may, so each
-- shape of the question has an index that gives its page in order. `first1` to `first3` are how the name begins.
create table if not exists localities (
    locality_id binary(16) not null,
    name varchar(200) not null,
    folded_name varchar(200) character set ascii collate ascii_bin not null,
    first1 char(1) character set ascii collate ascii_bin as (left(folded_name, 1)) virtual,
    first2 char(2) character set ascii collate ascii_bin as (left(folded_name, 2)) virtual,
    first3 char(3) character set ascii collate ascii_bin as (left(folded_name, 3)) virtual,
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
    key by_population (population desc, locality_id),
    key by_first1 (first1, population desc, locality_id),
    key by_first2 (first2, population desc, locality_id),
    key by_first3 (first3, population desc, locality_id, folded_name),
    key by_country (country_code, population desc, locality_id),
    key by_country_first1 (country_code, first1, population desc, locality_id, folded_name)
) character set utf8mb4 collate utf8mb4_0900_bin;
