//! Units of work on a real MySQL: sessions, errors, retries, the inbox.

use std::sync::Arc;

use events::inbox;
use platform::mysql::{DbError, RetrySettings, Tx, retry_unit};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::stack::Database;

async fn with_rows(database: &Database) {
    let sql = "create table stock (id int primary key, code varchar(9), n int not null, unique key by_code (code), \
               constraint n_in_range check (n between 0 and 100))";
    sqlx::query(sql).execute(&database.pool).await.unwrap();
    sqlx::query("insert into stock values (1, 'a', 50), (2, 'b', 50)").execute(&database.pool).await.unwrap();
}

#[tokio::test]
async fn sessions_read_committed_in_utc_and_give_up_on_locks() {
    let database = Database::create().await;
    let sql = "select @@transaction_isolation, @@time_zone, cast(@@innodb_lock_wait_timeout as signed), \
               cast(@@wait_timeout as signed)";
    let session: (String, String, i64, i64) = sqlx::query_as(sql).fetch_one(&database.pool).await.unwrap();
    assert_eq!(session, ("READ-COMMITTED".to_owned(), "+00:00".to_owned(), 2, 5));
    database.drop().await;
}

#[tokio::test]
async fn errors_say_which_constraint_was_violated() {
    let database = Database::create().await;
    with_rows(&database).await;
    let twice = sqlx::query("insert into stock values (3, 'a', 1)").execute(&database.pool).await;
    assert!(DbError::from(twice.unwrap_err()).violates("by_code"));
    let same = sqlx::query("insert into stock values (1, 'c', 1)").execute(&database.pool).await;
    assert!(DbError::from(same.unwrap_err()).violates("PRIMARY"));
    let below = sqlx::query("update stock set n = n - 51 where id = 1").execute(&database.pool).await;
    let below = DbError::from(below.unwrap_err());
    assert!(matches!(&below, DbError::Check { constraint, .. } if constraint == "n_in_range"), "{below:?}");
    database.drop().await;
}

/// Takes one from `first`, then one from `second`; the first run meets the other one in between.
async fn move_one(database: &Database, first: i32, second: i32, meet: Arc<Barrier>) -> Result<(), DbError> {
    let mut met = false;
    retry_unit(RetrySettings::BRIEF, || {
        let wait = !std::mem::replace(&mut met, true);
        let meet = Arc::clone(&meet);
        async move {
            let mut tx = Tx::begin(&database.pool).await?;
            sqlx::query("update stock set n = n - 1 where id = ?").bind(first).execute(tx.conn()).await?;
            if wait {
                meet.wait().await;
            }
            sqlx::query("update stock set n = n - 1 where id = ?").bind(second).execute(tx.conn()).await?;
            tx.commit().await
        }
    })
    .await
}

#[tokio::test]
async fn a_deadlock_is_run_again_and_has_its_effect_once() {
    let database = Database::create().await;
    with_rows(&database).await;
    let meet = Arc::new(Barrier::new(2));
    let (one, other) =
        tokio::join!(move_one(&database, 1, 2, Arc::clone(&meet)), move_one(&database, 2, 1, meet));
    one.unwrap();
    other.unwrap();
    let left: Vec<i32> =
        sqlx::query_scalar("select n from stock order by id").fetch_all(&database.pool).await.unwrap();
    assert_eq!(left, [48, 48]);
    database.drop().await;
}

#[tokio::test]
async fn an_event_is_seen_before_only_when_its_transaction_was_committed() {
    let database = Database::create().await;
    let event = Uuid::from_u128(rand::random());
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    assert!(!inbox::seen_before(tx.conn(), "g", event).await.unwrap());
    tx.rollback().await.unwrap();
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    assert!(!inbox::seen_before(tx.conn(), "g", event).await.unwrap());
    assert!(inbox::seen_before(tx.conn(), "g", event).await.unwrap());
    assert!(!inbox::seen_before(tx.conn(), "another", event).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(inbox::purge(&database.pool, 3_600, 10).await.unwrap(), 0);
    assert_eq!(inbox::purge(&database.pool, 0, 1).await.unwrap(), 1);
    database.drop().await;
}

#[tokio::test]
async fn a_session_that_the_server_closed_is_replaced_unseen() {
    let database = Database::create().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let id: u64 = sqlx::query_scalar("select connection_id()").fetch_one(&mut *conn).await.unwrap();
    let killed = sqlx::query(sqlx::AssertSqlSafe(format!("kill {id}"))).execute(&database.pool).await;
    killed.unwrap();
    let error = DbError::from(sqlx::query("select 1").execute(&mut *conn).await.unwrap_err());
    assert!(error.is_transient(), "{error:?}");
    drop(conn);
    sqlx::query("select 1").execute(&database.pool).await.unwrap();
    database.drop().await;
}
