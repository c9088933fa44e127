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

/// A number with thousands parted: `34,006`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let length = digits.len();
    let mut text = String::with_capacity(length.saturating_add(length / 3));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && length.saturating_sub(place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (34_006, "34,006"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), text);
        }
    }
}
