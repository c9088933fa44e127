//! What is kept as the outcome of a callback that an operator must look at.

/// It names no booking of ours.
pub const UNKNOWN_BOOKING: &str = "unknown_booking";
/// Its amount is in a currency that we do not know, out of all bounds or not above zero.
pub const UNREADABLE_AMOUNT: &str = "unreadable_amount";
/// It cannot be read, or not which payment or refund it is about.
pub const UNREADABLE: &str = "unreadable";
/// The booking that it is about is stored, but cannot be read, or contradicts what is decided.
pub const UNREADABLE_BOOKING: &str = "unreadable_booking";
/// The rules refuse it.
pub const REFUSED: &str = "refused";
/// All of them, as a list in SQL.
pub const IN_SQL: &str =
    "('unknown_booking', 'unreadable_amount', 'unreadable', 'unreadable_booking', 'refused')";
