//! Names that nobody else uses.

use uuid::{Builder, Uuid};

/// A random UUID: an id nobody else has.
pub fn unique_uuid() -> Uuid {
    Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Twelve letters and digits that nobody else uses, beginning with a letter.
pub fn unique_word() -> String {
    let digits = unique_uuid().simple().to_string();
    format!("t{}", digits.get(..11).unwrap_or(&digits))
}
