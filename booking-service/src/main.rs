//! booking-service: `serve | migrate | openapi | check-config`.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::app::main::<booking_service::BookingApp>()
}
