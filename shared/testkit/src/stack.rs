//! Where the test servers are: `VACANCY_STACK_*`, else the ports of `cargo xtask stack up --instance test`.

use std::env;

/// An address, or the test instance's.
fn address(name: &str, otherwise: &str) -> String {
    env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

/// The word in the names of what tests lease: two checkouts that share servers take two words, so that neither makes the
/// other's databases anew.
pub(crate) fn word() -> String {
    address("VACANCY_STACK_LEASES", "t")
}

/// The hotel server, with its database.
pub fn mysql_hotel_url() -> String {
    address("VACANCY_STACK_MYSQL_HOTEL_URL", "mysql://vacancy:vacancy-dev@127.0.0.1:22306/hotel")
}

/// The booking server, with its database.
pub fn mysql_booking_url() -> String {
    address("VACANCY_STACK_MYSQL_BOOKING_URL", "mysql://vacancy:vacancy-dev@127.0.0.1:22307/booking")
}

/// The notification database, on the hotel server.
pub fn mysql_notification_url() -> String {
    address(
        "VACANCY_STACK_MYSQL_NOTIFICATION_URL",
        "mysql://vacancy:vacancy-dev@127.0.0.1:22306/notification",
    )
}

/// Redis, without a database number.
pub fn redis_url() -> String {
    address("VACANCY_STACK_REDIS_URL", "redis://127.0.0.1:22379")
}

/// Kafka's brokers, `host:port` joined by commas.
pub fn kafka_brokers() -> String {
    address("VACANCY_STACK_KAFKA_BROKERS", "127.0.0.1:22092")
}

/// Elasticsearch.
pub fn elasticsearch_url() -> String {
    address("VACANCY_STACK_ELASTICSEARCH_URL", "http://127.0.0.1:22200")
}

/// Cassandra's nodes, `host:port`.
pub fn cassandra_nodes() -> Vec<String> {
    let nodes = address("VACANCY_STACK_CASSANDRA_NODES", "127.0.0.1:22042");
    nodes.split(',').map(str::to_owned).collect()
}

/// Where mails are sent.
pub fn smtp_url() -> String {
    address("VACANCY_STACK_SMTP_URL", "smtp://127.0.0.1:22025")
}

/// GreenMail's REST interface, where mails are read.
pub fn greenmail_url() -> String {
    address("VACANCY_STACK_GREENMAIL_URL", "http://127.0.0.1:22080")
}
