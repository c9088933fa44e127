//! Ended bookings from MySQL to Cassandra, read back, purged once settled.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::app::main::<archival_service::ArchivalApp>()
}
