use std::collections::HashSet;

use ::domain::{CountryCode, GeoPoint, Instant, LocalityId, fold};
use platform::causes::BoxError;
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder, Row as _};
use uuid::Uuid;

use super::{Columns, part, read};
use crate::{
    domain::locality::{Locality, NewLocality, Place},
    store::{Cursor, LocalityFilter, LocalityMark, Part, StoreError},
};

/// `localities.folded_name`, in characters: they are ASCII.
const FOLDED_NAME_CHARS: usize = 200;

#[derive(FromRow)]
struct PlaceRow {
    locality_id: Uuid,
    name: String,
    country_code: String,
    latitude: f64,
    longitude: f64,
}

impl Columns for PlaceRow {
    type Record = Place;
    const TABLE: &'static str = "localities";
    const ID: &'static str = "locality_id";

    fn read(self) -> Result<Place, BoxError> {
        Ok(Place {
            locality_id: LocalityId::from_uuid(self.locality_id),
            country_code: CountryCode::parse(&self.country_code)?,
            point: GeoPoint::parse(self.latitude, self.longitude)?,
            name: self.name,
        })
    }
}

/// A locality with all its names.
pub(in crate::store) async fn find(
    conn: &mut MySqlConnection,
    locality_id: LocalityId,
) -> Result<Option<Locality>, StoreError> {
    let sql = "select locality_id, name, country_code, latitude, longitude, names from localities where locality_id = ?";
    let row = sqlx::query(sql).bind(locality_id.uuid()).fetch_optional(conn).await?;
    let Some(row) = row else { return Ok(None) };
    let names: Vec<u8> = row.try_get("names")?;
    let names = serde_json::from_slice(&names)
        .map_err(|error| StoreError::corrupt("localities", &locality_id, &error))?;
    Ok(Some(Locality { place: read::<PlaceRow>(&row)?, names }))
}

/// Localities, the largest first, read in the order of an index. The prefix is folded text, so it holds no wildcard of
/// `like`.
pub(in crate::store) async fn list(
    conn: &mut MySqlConnection,
    filter: &LocalityFilter,
    cursor: Cursor<LocalityMark>,
) -> Result<Part<Place, LocalityMark>, StoreError> {
    let (index, begins) = way_in(filter);
    let mut sql = QueryBuilder::<MySql>::new(
        "select locality_id, name, country_code, latitude, longitude, population from localities force index (",
    );
    sql.push(index).push(") where folded_name like ").push_bind(format!("{}%", filter.prefix));
    if let Some((column, letters)) = begins {
        sql.push(" and ").push(column).push(" = ").push_bind(letters);
    }
    if let Some(country) = &filter.country_code {
        sql.push(" and country_code = ").push_bind(country.code());
    }
    if let Some((population, id)) = cursor.after {
        sql.push(" and population <= ").push_bind(population);
        sql.push(" and (population < ").push_bind(population);
        sql.push(" or locality_id > ").push_bind(id.uuid()).push(")");
    }
    sql.push(" order by population desc, locality_id limit ").push_bind(cursor.limit.saturating_add(1));
    let rows = sql.build().fetch_all(conn).await?;
    part::<PlaceRow, _>(rows, cursor.limit, |row| {
        Ok((row.try_get("population")?, LocalityId::from_uuid(row.try_get("locality_id")?)))
    })
}

/// The index that holds what is asked for in the order of the answer, and what it begins with beside the country.
fn way_in(filter: &LocalityFilter) -> (&'static str, Option<(&'static str, String)>) {
    let first = |letters: usize| filter.prefix.chars().take(letters).collect();
    match (filter.country_code, filter.prefix.len()) {
        (None, 0) => ("by_population", None),
        (Some(_), 0) => ("by_country", None),
        (None, 1) => ("by_first1", Some(("first1", first(1)))),
        (None, 2) => ("by_first2", Some(("first2", first(2)))),
        (None, _) => ("by_first3", Some(("first3", first(3)))),
        (Some(_), _) => ("by_country_first1", Some(("first1", first(1)))),
    }
}

/// Which of these ids are taken.
pub(in crate::store) async fn present(
    conn: &mut MySqlConnection,
    ids: &[LocalityId],
) -> Result<HashSet<LocalityId>, StoreError> {
    let ids = ids.iter().map(|id| id.uuid());
    let found =
        super::present(conn, "select locality_id from localities where locality_id in (", ids).await?;
    Ok(found.into_iter().map(LocalityId::from_uuid).collect())
}

/// Inserts localities; one that is there already stays as it is. The list is not empty.
pub(in crate::store) async fn insert(
    conn: &mut MySqlConnection,
    localities: &[NewLocality],
    at: Instant,
) -> Result<u64, StoreError> {
    let rows = localities.iter().map(|new| names_of(new).map(|names| (new, names)));
    let rows: Vec<(&NewLocality, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    let mut sql = QueryBuilder::<MySql>::new(
        "insert ignore into localities (locality_id, name, folded_name, country_code, latitude, longitude, time_zone, \
         population, names, version, created_at, updated_at) ",
    );
    sql.push_values(rows, |mut row, (new, names)| {
        let place = &new.locality.place;
        row.push_bind(place.locality_id.uuid())
            .push_bind(place.name.as_str())
            .push_bind(folded(&place.name))
            .push_bind(place.country_code.code())
            .push_bind(place.point.latitude())
            .push_bind(place.point.longitude())
            .push_bind(new.time_zone.name())
            .push_bind(new.population)
            .push_bind(names)
            .push_bind(1i64)
            .push_bind(at.naive_utc())
            .push_bind(at.naive_utc());
    });
    Ok(sql.build().execute(conn).await?.rows_affected())
}

fn names_of(new: &NewLocality) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(&new.locality.names)
        .map_err(|error| StoreError::corrupt("localities", &new.locality.place.locality_id, &error))
}

fn folded(name: &str) -> String {
    fold::fold(name).chars().take(FOLDED_NAME_CHARS).collect()
}
