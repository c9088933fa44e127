//! The real servers, without Docker: started side by side, waited for by a real request, stopped by recorded pid.

mod bringup;
mod cassandra;
mod elasticsearch;
mod endpoints;
mod greenmail;
mod java;
mod kafka;
mod mysql;
mod redis;
mod report;
mod stop;

use std::{io, path::PathBuf};

use crate::{download::Cache, failure::Outcome, instance::Instance, process::Launch, progress::Line};

pub(crate) use bringup::{start_one, up};
pub(crate) use endpoints::endpoints;
pub(crate) use report::{logs, status};
pub(crate) use stop::{down, reset, stop_one};

/// A server of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Server {
    MysqlHotel,
    MysqlBooking,
    Redis,
    Kafka,
    Elasticsearch,
    Cassandra,
    Greenmail,
}

/// What one command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) instance: Instance,
    pub(crate) cache: Cache,
}

impl Server {
    /// All of them. Their order is for the reader: they start together.
    pub(crate) const ALL: [Self; 7] = [
        Self::MysqlHotel,
        Self::MysqlBooking,
        Self::Redis,
        Self::Kafka,
        Self::Elasticsearch,
        Self::Cassandra,
        Self::Greenmail,
    ];

    /// Its name in commands, folders and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MysqlHotel => "mysql-hotel",
            Self::MysqlBooking => "mysql-booking",
            Self::Redis => "redis",
            Self::Kafka => "kafka",
            Self::Elasticsearch => "elasticsearch",
            Self::Cassandra => "cassandra",
            Self::Greenmail => "greenmail",
        }
    }

    /// The port that clients use.
    pub(crate) fn port(self, instance: &Instance) -> u16 {
        let offsets = &instance.settings.port_offsets;
        instance.port(match self {
            Self::MysqlHotel => offsets.mysql_hotel,
            Self::MysqlBooking => offsets.mysql_booking,
            Self::Redis => offsets.redis,
            Self::Kafka => offsets.kafka,
            Self::Elasticsearch => offsets.elasticsearch,
            Self::Cassandra => offsets.cassandra,
            Self::Greenmail => offsets.greenmail_smtp,
        })
    }

    /// Fetches what is missing, makes its first data, writes its configuration; says how to start it.
    fn prepare(self, context: &Context, line: &Line) -> Outcome<Launch> {
        match self {
            Self::MysqlHotel => mysql::prepare(context, self, &["hotel", "notification"], line),
            Self::MysqlBooking => mysql::prepare(context, self, &["booking"], line),
            Self::Redis => redis::prepare(context, line),
            Self::Kafka => kafka::prepare(context, line),
            Self::Elasticsearch => elasticsearch::prepare(context, line),
            Self::Cassandra => cassandra::prepare(context, line),
            Self::Greenmail => greenmail::prepare(context, line),
        }
    }

    /// A real request; `Ok` is a server that does its work.
    pub(crate) fn probe(self, instance: &Instance) -> io::Result<()> {
        let port = self.port(instance);
        match self {
            Self::MysqlHotel | Self::MysqlBooking => crate::wire::mysql::select_one(port),
            Self::Redis => crate::wire::redis::ping(port),
            Self::Kafka => crate::wire::kafka::ask_for_brokers(port),
            Self::Elasticsearch => crate::probe::http_ok(port, "/_cluster/health?timeout=1s"),
            Self::Cassandra => crate::wire::cql::select_local(port),
            Self::Greenmail => greenmail::probe(instance),
        }
    }

    /// Folders that `reset` removes besides the instance's own.
    fn outside(self, instance: &Instance) -> Option<PathBuf> {
        (self == Self::Elasticsearch).then(|| elasticsearch::outside(instance))
    }
}
