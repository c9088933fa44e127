//! The operator's binary: audit, token, seed, dlq, reindex, reconcile, payments.

use std::process::ExitCode;

fn main() -> ExitCode {
    vacancy::admin::main()
}
