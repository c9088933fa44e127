//! Every schema of every store, one Migrator each.
//!
//! Rules for a migration: one DDL statement per file where it can be (DDL is not transactional on `MySQL`), and each file
//! may run twice with the effect of once (`if not exists`, `insert ignore`): a process killed between its DDL and
//! sqlx's book-keeping leaves a half-recorded version, which [`run`] simply applies again. Expand, deploy, contract.

mod archive;
mod run;
mod search;

use sqlx::migrate::Migrator;

pub use archive::{ARCHIVE, ArchiveStatement, archive_keyspace};
pub use run::{MigrationError, run};
pub use search::{SEARCH_MAPPING, search_mapping};

/// The hotel database: hotels, rooms, localities, facilities, audit, outbox.
pub fn hotel() -> Migrator {
    sqlx::migrate!("./hotel/mysql")
}

/// The booking database: stock, nights, bookings, payments, invoices, outbox.
pub fn booking() -> Migrator {
    sqlx::migrate!("./booking/mysql")
}

/// The notification database: the mails.
pub fn notification() -> Migrator {
    sqlx::migrate!("./notification/mysql")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_may_run_twice() {
        for migrator in [hotel(), booking(), notification()] {
            for migration in migrator.iter() {
                let sql = migration.sql.as_str().to_lowercase();
                let safe = sql.contains("create table if not exists") || sql.contains("insert ignore into");
                assert!(safe, "{} cannot run twice", migration.description);
            }
        }
    }

    #[test]
    fn every_migration_is_one_statement() {
        for migrator in [hotel(), booking(), notification()] {
            for migration in migrator.iter() {
                let lines =
                    migration.sql.as_str().lines().filter(|line| !line.trim_start().starts_with("--"));
                let statements = lines.filter(|line| line.trim_end().ends_with(';')).count();
                assert_eq!(statements, 1, "{}", migration.description);
            }
        }
    }
}
