//! A payment provider to develop against: hosted checkout, signed callbacks, scripted trouble.

use std::process::ExitCode;

fn main() -> ExitCode {
    platform::app::main::<payment_sandbox::SandboxApp>()
}
