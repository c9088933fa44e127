//! The fixed ids of sample data.

use uuid::Uuid;

/// A `UUIDv5` of the sample data's own namespace: the same name gives the same id everywhere.
pub fn fixed_id(name: &str) -> Uuid {
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://vacancy.example/sample");
    Uuid::new_v5(&namespace, name.as_bytes())
}

/// The account that owns the sample hotels.
pub fn owner() -> Uuid {
    fixed_id("account/owner")
}
