//! Failures of any kind, and how a log line tells one with what caused it.

use std::error::Error;

/// Any failure, with its source chain.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error and its causes in one line.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let says = cause.to_string();
        // Transparent wrappers repeat what they wrap.
        if !text.ends_with(&says) {
            text.push_str(": ");
            text.push_str(&says);
        }
        next = cause.source();
    }
    text
}
