//! Every read of bookings: active from MySQL, past from Cassandra, bodies from Redis.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::app::main::<booking_mgmt_service::MgmtApp>()
}
