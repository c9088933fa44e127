//! Bodies that are objects: whole ones, and merge patches of them.

pub mod hotel;
pub mod room;

use platform::api::{Code, FieldError, Problem, Request, json};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::merge_patch;

/// The body, which must be an object: serde would read a struct from an array too.
pub(super) fn object<T: DeserializeOwned>(request: &Request) -> Result<(T, Value), Problem> {
    let value: Value = request.json()?;
    if !value.is_object() {
        let entry = FieldError::pointer("#", "invalid", "The body is an object.");
        return Err(Problem::new(Code::InvalidField).errors(vec![entry]));
    }
    Ok((request.json()?, value))
}

/// What comes of the body, a merge patch read strictly as `P`, on a document.
pub(super) fn patched<P, W>(request: &Request, mut document: Value) -> Result<W, Problem>
where
    P: DeserializeOwned,
    W: DeserializeOwned,
{
    let (_known_fields_only, patch) = object::<P>(request)?;
    merge_patch::apply(&mut document, patch);
    let merged = serde_json::to_vec(&document).map_err(Problem::internal)?;
    json::parse(&merged)
}
