//! What serde's sentences mean. It tells its errors as text only, so the beginnings of its sentences are read here, and nowhere else.

/// The name in ``missing field `name` ``.
pub(crate) fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// Whether the sentence is ``unknown field `name`, expected ...``.
pub(crate) fn is_unknown_field(message: &str) -> bool {
    message.starts_with("unknown field")
}

/// Whether a number is beyond what a machine holds: JSON all the same, so its field is wrong and not the body.
pub(crate) fn is_number_out_of_range(message: &str) -> bool {
    message.starts_with("number out of range")
}
