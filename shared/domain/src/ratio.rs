//! The one place where whole numbers become floating point: for figures people look at, never for money.

/// `part / whole` for a figure on a dashboard; 0 for an empty whole. Exact up to 2^53.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people, never money")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A count as a gauge's value. Exact up to 2^53.
pub fn gauge(count: u64) -> f64 {
    ratio(count, 1)
}
