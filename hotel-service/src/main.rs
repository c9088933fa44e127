//! Managers' hotels and rooms, localities, facilities and the audit, published to hotel.events.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::app::main::<hotel_service::HotelApp>()
}
