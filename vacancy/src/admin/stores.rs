//! Every store, connected to when it is first used.

use std::time::Duration;

use events::kafka::Kafka;
use platform::{
    causes::BoxError,
    clock::{Clock as _, DbClock},
    mysql,
};
use scylla::client::{
    execution_profile::ExecutionProfile, session::Session, session_builder::SessionBuilder,
};
use sqlx::{MySql, MySqlPool, pool::PoolConnection};
use tokio::sync::OnceCell;

use super::{Failure, failure::IS_IT_UP, settings::Settings};

/// The stores of the settings.
pub struct Stores {
    pub settings: Settings,
    /// The hotel database.
    pub hotel: MySqlPool,
    /// The booking database.
    pub booking: MySqlPool,
    /// The event log.
    pub kafka: Kafka,
    http: reqwest::Client,
    archive: OnceCell<Session>,
}

impl Stores {
    /// Connects to nothing yet. Needs a runtime.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let wrong = "mysql.hotel.url and mysql.booking.url are like mysql://user:password@host:port/database";
        let pool = |of| mysql::connect(of).map_err(Failure::doing("reading the address of MySQL", wrong));
        let timeout = Duration::from_millis(settings.elasticsearch.timeout_ms);
        let http = platform::http_client::http_client(timeout);
        Ok(Self {
            hotel: pool(&settings.mysql.hotel)?,
            booking: pool(&settings.mysql.booking)?,
            kafka: Kafka::new(settings.kafka.clone()),
            http: http.map_err(Failure::doing("making an HTTP client", IS_IT_UP))?,
            archive: OnceCell::new(),
            settings,
        })
    }

    /// What time it is for bookings: the booking database's clock and the test clock's offset.
    pub async fn now(&self) -> Result<domain::Instant, BoxError> {
        Ok(DbClock::new(self.booking.clone()).now().await?)
    }

    /// A connection that sees the booking database as it is now, however long it reads. It is closed when dropped.
    pub async fn booking_as_of_now(&self) -> Result<PoolConnection<MySql>, sqlx::Error> {
        as_of_now(&self.booking).await
    }

    /// The archive.
    pub async fn archive(&self) -> Result<&Session, BoxError> {
        self.archive.get_or_try_init(|| connect(&self.settings)).await
    }

    /// Asks the search server; `path` begins behind its base URL.
    pub async fn ask_search(
        &self,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<serde_json::Value, BoxError> {
        let settings = &self.settings.elasticsearch;
        let mut call = self.http.post(format!("{}{path}", settings.url.trim_end_matches('/')));
        if let Some(body) = body {
            call = call.json(body);
        }
        if !settings.username.is_empty() {
            call = call.basic_auth(&settings.username, Some(settings.password.expose()));
        }
        let answer = call.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            Ok(serde_json::from_str(&text)?)
        } else {
            let start: String = text.chars().take(300).collect();
            Err(format!("the search server answers {status}: {start}").into())
        }
    }
}

async fn as_of_now(pool: &MySqlPool) -> Result<PoolConnection<MySql>, sqlx::Error> {
    let mut conn = pool.acquire().await?;
    conn.close_on_drop();
    sqlx::raw_sql("set transaction isolation level repeatable read").execute(&mut *conn).await?;
    sqlx::raw_sql("start transaction with consistent snapshot, read only").execute(&mut *conn).await?;
    Ok(conn)
}

async fn connect(settings: &Settings) -> Result<Session, BoxError> {
    let timeout = Duration::from_millis(settings.cassandra.request_timeout_ms);
    let profile = ExecutionProfile::builder().request_timeout(Some(timeout)).build();
    let patience = Duration::from_millis(settings.cassandra.connect_timeout_ms);
    let builder = SessionBuilder::new().known_nodes(&settings.cassandra.nodes).connection_timeout(patience);
    let builder = match settings.cassandra.user.as_str() {
        "" => builder,
        user => builder.user(user, settings.cassandra.password.expose()),
    };
    let session = builder.default_execution_profile_handle(profile.into_handle()).build().await?;
    session.use_keyspace(&settings.cassandra.keyspace, false).await?;
    Ok(session)
}
