//! As much of each server's protocol as a readiness check needs, so that xtask needs no drivers.

pub(crate) mod cql;
pub(crate) mod kafka;
pub(crate) mod mysql;
pub(crate) mod redis;
