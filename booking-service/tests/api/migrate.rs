//! `migrate` may run again and again, and the other services' users may do what they need and no more.

use booking_service::BookingApp;
use platform::app::App;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, mysql::MySqlConnectOptions};

use crate::stage::{NOWHERE, Setup, settings};

const PASSWORD: &str = "it's a \\ password";

async fn allowed(url: &str, user: &str, sql: &str) -> bool {
    let options: MySqlConnectOptions = url.parse().unwrap();
    let mut conn = MySqlConnection::connect_with(&options.username(user).password(PASSWORD)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readers_users_may_do_what_they_need_and_no_more() {
    let db = testkit::mysql::booking().await;
    let kafka = testkit::kafka::lease();
    let setup = Setup { kafka: Some((kafka.name(""), kafka.brokers.clone())), ..Setup::default() };
    let mut settings = settings(&setup, &db.url, &format!("redis://{NOWHERE}/0"), "http://127.0.0.1:9");
    let name = |word: &str| format!("{word}_{:08x}", testkit::unique_uuid().as_u128() & 0xffff_ffff);
    let (mgmt, archival) = (name("m"), name("a"));
    settings.database_users.mgmt_user.clone_from(&mgmt);
    settings.database_users.archival_user.clone_from(&archival);
    settings.database_users.mgmt_password = PASSWORD.into();
    settings.database_users.archival_password = PASSWORD.into();
    for _ in 0..2 {
        BookingApp::migrate(&settings).await.unwrap();
    }
    for (user, sql, may) in [
        (&mgmt, "select count(*) from bookings", true),
        (&mgmt, "delete from bookings where version < 0", false),
        (&mgmt, "insert into dev_clock (offset_us) values (1)", false),
        (&archival, "select count(*) from payments", true),
        (&archival, "delete from bookings where version < 0", true),
        (&archival, "update bookings set archived_version = 1 where version < 0", true),
        (&archival, "update bookings set version = 1 where version < 0", false),
        (&archival, "delete from payments where version < 0", false),
    ] {
        assert_eq!(allowed(&db.url, user, sql).await, may, "{user}: {sql}");
    }
    for user in [&mgmt, &archival] {
        sqlx::raw_sql(AssertSqlSafe(format!("drop user '{user}'@'%'"))).execute(&db.pool).await.unwrap();
    }
}

#[tokio::test]
async fn a_paper_keeps_its_number_and_total_and_no_second_copy_of_the_bookings_facts() {
    let db = testkit::mysql::booking().await;
    let sql = "select cast(concat(table_name, '.', column_name) as char) from information_schema.columns \
               where table_schema = database() and table_name in ('invoices', 'credit_notes') \
               and (data_type = 'json' or data_type like '%blob' or data_type like '%text')";
    let copies: Vec<String> = sqlx::query_scalar(sql).fetch_all(&db.pool).await.unwrap();
    assert_eq!(copies, [""; 0]);
}
