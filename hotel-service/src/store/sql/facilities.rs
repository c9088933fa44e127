use ::domain::facility::FacilityCode;
use platform::causes::BoxError;
use sqlx::{FromRow, MySqlConnection, Row as _, mysql::MySqlRow};

use super::{Columns, readable};
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

impl Columns for FacilityRow {
    type Record = Facility;
    const TABLE: &'static str = "facilities";
    const ID: &'static str = "code";

    fn read(self) -> Result<Facility, BoxError> {
        Ok(Facility {
            code: FacilityCode::parse(&self.code)?,
            applies_to: AppliesTo::parse(&self.applies_to)?,
            name: self.name,
        })
    }

    fn id(row: &MySqlRow) -> Result<String, sqlx::Error> {
        row.try_get(Self::ID)
    }
}

/// All facilities that can be read.
pub(in crate::store) async fn all(conn: &mut MySqlConnection) -> Result<Catalogue, StoreError> {
    let sql = "select code, name, applies_to from facilities";
    Ok(Catalogue::new(readable::<FacilityRow>(&sqlx::query(sql).fetch_all(conn).await?)))
}
