//! Rooms found by place, dates, price and tags, typos forgiven.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::app::main::<search_service::SearchApp>()
}
