//! The operator's binary: audit, token, seed, dlq, reindex, republish, reconcile, payments.

use std::process::ExitCode;

fn main() -> ExitCode {
    vacancy::admin::main()
}
