//! Durations as people type them: `500ms`, `60s`, `5m`, `12h`, `7d`.

use std::time::Duration;

/// Reads one; a bare number is seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("`{text}` is no duration; write 500ms, 60s, 5m, 12h or 7d")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` does not begin with a number"))?;
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(|| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_type_them() {
        for (text, seconds) in [("60s", 60), ("60", 60), ("5m", 300), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)));
        }
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "s", "1w", "-1s", "99999999999999999999s"] {
            assert!(parse(bad).is_err(), "{bad} was taken");
        }
    }
}
