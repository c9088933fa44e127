//! What the reader at the terminal sees. A closed pipe is no failure.

/// A line of the answer.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _closed = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// A line beside the answer.
macro_rules! note {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _closed = writeln!(std::io::stderr(), $($text)*);
    }};
}
