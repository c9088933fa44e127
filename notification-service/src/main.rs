//! Mail to travellers and hotels.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::app::main::<notification_service::NotificationApp>()
}
