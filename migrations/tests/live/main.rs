#![cfg(test)]
//! On a real MySQL (`VACANCY_STACK_MYSQL_BOOKING_URL`, by default the test instance's).

use migrations::{booking, hotel, notification, run};
use sqlx::{AssertSqlSafe, MySqlPool, migrate::Migrator};

/// Makes a schema's migrator.
type Make = fn() -> Migrator;

const SCHEMAS: [(&str, Make); 3] = [("hotel", hotel), ("booking", booking), ("notification", notification)];

/// A database of its own, made anew.
async fn fresh(name: &str) -> MySqlPool {
    let server = std::env::var("VACANCY_STACK_MYSQL_BOOKING_URL")
        .unwrap_or_else(|_| "mysql://vacancy:vacancy-dev@127.0.0.1:22307/booking".to_owned());
    let admin = MySqlPool::connect(&server).await.unwrap();
    let database = format!("vacancy_m_{}_{name}", std::process::id());
    for statement in ["drop database if exists", "create database"] {
        sqlx::query(AssertSqlSafe(format!("{statement} {database}"))).execute(&admin).await.unwrap();
    }
    let (address, _) = server.rsplit_once('/').unwrap();
    MySqlPool::connect(&format!("{address}/{database}")).await.unwrap()
}

async fn drop_it(pool: MySqlPool) {
    let name: String = sqlx::query_scalar("select cast(database() as char)").fetch_one(&pool).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("drop database {name}"))).execute(&pool).await.unwrap();
}

async fn count(pool: &MySqlPool, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn every_schema_is_made_and_made_again_without_effect() {
    for (name, migrator) in SCHEMAS {
        let pool = fresh(name).await;
        run(&pool, migrator()).await.unwrap();
        run(&pool, migrator()).await.unwrap();
        let applied = count(&pool, "_sqlx_migrations").await;
        assert_eq!(usize::try_from(applied).unwrap(), migrator().iter().count(), "{name}");
        drop_it(pool).await;
    }
}

#[tokio::test]
async fn a_run_that_was_killed_in_the_middle_is_finished_by_the_next() {
    let pool = fresh("killed").await;
    run(&pool, hotel()).await.unwrap();
    let before = count(&pool, "facilities").await;
    sqlx::query("update _sqlx_migrations set success = false order by version desc limit 1")
        .execute(&pool)
        .await
        .unwrap();
    run(&pool, hotel()).await.unwrap();
    assert_eq!(count(&pool, "facilities").await, before);
    assert_eq!(count(&pool, "outbox_lanes").await, 4);
    drop_it(pool).await;
}

#[tokio::test]
async fn two_processes_may_migrate_at_once() {
    let pool = fresh("twice").await;
    let (one, other) = tokio::join!(run(&pool, booking()), run(&pool, booking()));
    one.unwrap();
    other.unwrap();
    drop_it(pool).await;
}

#[tokio::test]
async fn no_night_can_hold_more_than_there_is_and_no_refund_more_than_came() {
    let pool = fresh("checks").await;
    run(&pool, booking()).await.unwrap();
    let oversold = "insert into available_rooms (room_id, date, hotel_id, initial_quantity, available_quantity, version, \
                    created_at, updated_at) values (x'00', '2026-12-24', x'00', 1, 2, 1, now(6), now(6))";
    let error = sqlx::query(oversold).execute(&pool).await.unwrap_err();
    assert!(error.as_database_error().unwrap().is_check_violation(), "{error}");
    let overpaid = "insert into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, captured, \
                    refunded, booker_name, booker_email, language, version, created_at, updated_at) \
                    values (x'00', x'00', x'00', x'00', 'refunded', 5, 'EUR', 5, 6, 'A', 'a@b.c', 'en', 1, now(6), now(6))";
    let error = sqlx::query(overpaid).execute(&pool).await.unwrap_err();
    assert!(error.as_database_error().unwrap().is_check_violation(), "{error}");
    drop_it(pool).await;
}
