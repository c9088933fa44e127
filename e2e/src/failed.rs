//! What was expected and what was seen instead.

/// An expectation that did not hold.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failed(
    /// What to tell.
    pub String,
);

impl Failed {
    /// With these words.
    pub fn new(says: impl Into<String>) -> Self {
        Self(says.into())
    }
}

impl From<reqwest::Error> for Failed {
    fn from(error: reqwest::Error) -> Self {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self(text)
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// An expectation, said as a sentence.
pub fn expect(holds: bool, says: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(Failed(says())) }
}
