//! The schema of a word, where its type in Rust is no enum.

use utoipa::openapi::{
    Object, ObjectBuilder,
    schema::{SchemaType, Type},
};

/// A word that is one of these: they stand closed where they are sent, and open where they are read.
pub fn words(says: &str, words: impl IntoIterator<Item = &'static str>) -> Object {
    let word = ObjectBuilder::new().schema_type(Type::String).description(Some(says));
    word.enum_values(Some(words)).build()
}

/// The same where there may be none.
pub fn words_or_null(says: &str, of: impl IntoIterator<Item = &'static str>) -> Object {
    let mut word = words(says, of);
    word.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
    word
}
