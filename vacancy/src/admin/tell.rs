//! What the operator at the terminal reads. A closed pipe (`| head`) is no failure.

use std::io::{Write as _, stderr, stdout};

/// A line of the answer.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _closed = writeln!(stdout(), "{line}");
}

/// A line beside the answer.
pub(crate) fn note(line: impl std::fmt::Display) {
    let _closed = writeln!(stderr(), "{line}");
}
