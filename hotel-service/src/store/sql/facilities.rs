use ::domain::{Invalid, facility::FacilityCode};
use sqlx::{FromRow, MySqlConnection};

use super::corrupt;
use crate::{
    domain::catalogue::{AppliesTo, Catalogue, Facility},
    store::StoreError,
};

#[derive(FromRow)]
struct FacilityRow {
    code: String,
    name: String,
    applies_to: String,
}

impl FacilityRow {
    fn read(self) -> Result<Facility, Invalid> {
        Ok(Facility {
            code: FacilityCode::parse(&self.code)?,
            applies_to: AppliesTo::parse(&self.applies_to)?,
            name: self.name,
        })
    }
}

/// All facilities.
pub(in crate::store) async fn all(conn: &mut MySqlConnection) -> Result<Catalogue, StoreError> {
    let sql = "select code, name, applies_to from facilities";
    let rows: Vec<FacilityRow> = sqlx::query_as(sql).fetch_all(conn).await?;
    let read: Result<Vec<Facility>, Invalid> = rows.into_iter().map(FacilityRow::read).collect();
    read.map(Catalogue::new).map_err(corrupt("facilities"))
}
