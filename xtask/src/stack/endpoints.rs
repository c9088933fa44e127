//! The addresses of an instance, for whoever talks to it.

use super::Server;
use crate::instance::Instance;

/// `KEY=VALUE` pairs, ready for a shell's `eval` or an env file; the tests read the same keys.
pub(crate) fn endpoints(instance: &Instance) -> Vec<(&'static str, String)> {
    let port = |server: Server| server.port(instance);
    let mysql = |server: Server, database: &str| {
        let account = &instance.settings.mysql;
        format!("mysql://{}:{}@127.0.0.1:{}/{database}", account.user, account.password, port(server))
    };
    let offsets = &instance.settings.port_offsets;
    vec![
        ("VACANCY_STACK_INSTANCE", instance.name.clone()),
        ("VACANCY_STACK_MYSQL_HOTEL_URL", mysql(Server::MysqlHotel, "hotel")),
        ("VACANCY_STACK_MYSQL_NOTIFICATION_URL", mysql(Server::MysqlHotel, "notification")),
        ("VACANCY_STACK_MYSQL_BOOKING_URL", mysql(Server::MysqlBooking, "booking")),
        ("VACANCY_STACK_REDIS_URL", format!("redis://127.0.0.1:{}", port(Server::Redis))),
        ("VACANCY_STACK_KAFKA_BROKERS", format!("127.0.0.1:{}", port(Server::Kafka))),
        ("VACANCY_STACK_ELASTICSEARCH_URL", format!("http://127.0.0.1:{}", port(Server::Elasticsearch))),
        ("VACANCY_STACK_CASSANDRA_NODES", format!("127.0.0.1:{}", port(Server::Cassandra))),
        ("VACANCY_STACK_SMTP_URL", format!("smtp://127.0.0.1:{}", port(Server::Greenmail))),
        ("VACANCY_STACK_GREENMAIL_URL", format!("http://127.0.0.1:{}", instance.port(offsets.greenmail_api))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn the_test_instance_has_the_ports_the_tests_fall_back_to() {
        let root = tempfile::tempdir().unwrap();
        let instance = Instance::named("test", root.path(), Settings::load(root.path()).unwrap()).unwrap();
        let all = endpoints(&instance);
        let booking = all.iter().find(|(key, _)| *key == "VACANCY_STACK_MYSQL_BOOKING_URL").unwrap();
        assert_eq!(booking.1, "mysql://vacancy:vacancy-dev@127.0.0.1:22307/booking");
        assert!(all.contains(&("VACANCY_STACK_KAFKA_BROKERS", "127.0.0.1:22092".to_owned())));
    }
}
