//! What `migrate` prepares: the schema, the topics, and the users of the services that read this database.

use domain::event::topic;
use events::{
    kafka::Kafka,
    topics::{self, TopicSpec},
};
use platform::{mysql, start::StartError};
use sqlx::{AssertSqlSafe, MySqlPool};

use crate::settings::{DatabaseUsers, Settings};

/// Partitions of `booking.events` (details.md, Events); can never change.
const BOOKING_PARTITIONS: u32 = 12;
/// Partitions of `availability.events`; can never change.
const AVAILABILITY_PARTITIONS: u32 = 24;

/// Prepares everything; harmless when done before.
pub async fn run(settings: &Settings) -> Result<(), StartError> {
    let pool =
        mysql::connect(&settings.mysql).map_err(|error| StartError::failed("reading mysql.url", error))?;
    migrations::run(&pool, migrations::booking())
        .await
        .map_err(|error| StartError::failed("migrating the booking database", error))?;
    users(&pool, &settings.database_users)
        .await
        .map_err(|error| StartError::failed("making the database users", error))?;
    let kafka = Kafka::new(settings.kafka.clone());
    topics::ensure(&kafka, &topics(&settings.events.prefix))
        .await
        .map_err(|error| StartError::failed("creating the topics", error))
}

/// The topics this service writes, with their dead letters, behind the prefix of the settings.
pub fn topics(prefix: &str) -> Vec<TopicSpec> {
    let (booking, availability) =
        (format!("{prefix}{}", topic::BOOKING), format!("{prefix}{}", topic::AVAILABILITY));
    vec![
        TopicSpec::dead_letters_of(&booking),
        TopicSpec::dead_letters_of(&availability),
        TopicSpec::new(booking, BOOKING_PARTITIONS),
        TopicSpec::new(availability, AVAILABILITY_PARTITIONS).compacted(),
    ]
}

/// mgmt may read; archival may also note what it has archived, delete it and leave a row in `purged_bookings`. Names were checked
/// with the settings, passwords are quoted: `MySQL` takes no placeholders in these statements.
async fn users(pool: &MySqlPool, users: &DatabaseUsers) -> Result<(), sqlx::Error> {
    let database: String = sqlx::query_scalar("select database()").fetch_one(pool).await?;
    let database = database.replace('`', "``");
    let archival = &users.archival_user;
    for (name, password) in [(&users.mgmt_user, &users.mgmt_password), (archival, &users.archival_password)] {
        let password = quoted(password.expose());
        run_sql(pool, format!("create user if not exists '{name}'@'%' identified by {password}")).await?;
        run_sql(pool, format!("alter user '{name}'@'%' identified by {password}")).await?;
        run_sql(pool, format!("grant select on `{database}`.* to '{name}'@'%'")).await?;
    }
    for (right, table) in [
        ("delete, update (archived_version)", "bookings"),
        ("delete", "idempotency_keys"),
        ("insert", "purged_bookings"),
        ("insert, update", "archive_progress"),
    ] {
        run_sql(pool, format!("grant {right} on `{database}`.{table} to '{archival}'@'%'")).await?;
    }
    Ok(())
}

async fn run_sql(pool: &MySqlPool, sql: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop)
}

/// A text as MySQL reads it under the default `sql_mode`.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_cannot_leave_its_quotes() {
        assert_eq!(quoted(r"a'b\"), r"'a''b\\'");
    }
}
