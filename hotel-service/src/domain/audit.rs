//! The audit: who changed what, when, from what to what.

use ::domain::{Actor, AuditId, HotelId, Instant, Invalid, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditAction)]
pub enum Action {
    /// A hotel was made.
    #[serde(rename = "hotel.created")]
    HotelCreated,
    /// A hotel changed.
    #[serde(rename = "hotel.changed")]
    HotelChanged,
    /// A hotel went off sale.
    #[serde(rename = "hotel.deactivated")]
    HotelDeactivated,
    /// A hotel came back on sale.
    #[serde(rename = "hotel.revived")]
    HotelRevived,
    /// An operator took a hotel off sale.
    #[serde(rename = "hotel.suspended")]
    HotelSuspended,
    /// An operator let a hotel be on sale again.
    #[serde(rename = "hotel.reinstated")]
    HotelReinstated,
    /// A hotel went to another owner.
    #[serde(rename = "hotel.transferred")]
    HotelTransferred,
    /// An operator's command published a hotel again under a raised version.
    #[serde(rename = "hotel.republished")]
    HotelRepublished,
    /// A room was made.
    #[serde(rename = "room.created")]
    RoomCreated,
    /// A room changed.
    #[serde(rename = "room.changed")]
    RoomChanged,
    /// A room went off sale.
    #[serde(rename = "room.deactivated")]
    RoomDeactivated,
    /// A room came back on sale.
    #[serde(rename = "room.revived")]
    RoomRevived,
    /// An operator's command published a room again under a raised version.
    #[serde(rename = "room.republished")]
    RoomRepublished,
}

impl Action {
    const ALL: [Self; 13] = [
        Self::HotelCreated,
        Self::HotelChanged,
        Self::HotelDeactivated,
        Self::HotelRevived,
        Self::HotelSuspended,
        Self::HotelReinstated,
        Self::HotelTransferred,
        Self::HotelRepublished,
        Self::RoomCreated,
        Self::RoomChanged,
        Self::RoomDeactivated,
        Self::RoomRevived,
        Self::RoomRepublished,
    ];

    /// Its spelling in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HotelCreated => "hotel.created",
            Self::HotelChanged => "hotel.changed",
            Self::HotelDeactivated => "hotel.deactivated",
            Self::HotelRevived => "hotel.revived",
            Self::HotelSuspended => "hotel.suspended",
            Self::HotelReinstated => "hotel.reinstated",
            Self::HotelTransferred => "hotel.transferred",
            Self::HotelRepublished => "hotel.republished",
            Self::RoomCreated => "room.created",
            Self::RoomChanged => "room.changed",
            Self::RoomDeactivated => "room.deactivated",
            Self::RoomRevived => "room.revived",
            Self::RoomRepublished => "room.republished",
        }
    }

    /// Reads the spelling.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| Invalid::unknown("No action of the audit."))
    }

    /// What a change of a hotel is called, by whether it was and is on sale.
    pub const fn on_hotel(was_active: bool, is_active: bool) -> Self {
        match (was_active, is_active) {
            (true, false) => Self::HotelDeactivated,
            (false, true) => Self::HotelRevived,
            (true, true) | (false, false) => Self::HotelChanged,
        }
    }

    /// What a change of a room is called.
    pub const fn on_room(was_active: bool, is_active: bool) -> Self {
        match (was_active, is_active) {
            (true, false) => Self::RoomDeactivated,
            (false, true) => Self::RoomRevived,
            (true, true) | (false, false) => Self::RoomChanged,
        }
    }
}

/// One value that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditChange, example = json!({ "before": "Via Roma 1", "after": "Via Roma 2" }))]
pub struct Change {
    /// A JSON pointer (RFC 6901) into the hotel or room; empty for the whole of it.
    #[schema(example = "/address/line1")]
    pub pointer: String,
    /// The value before; null if there was none.
    #[schema(value_type = Value)]
    pub before: Value,
    /// The value after; null if there is none.
    #[schema(value_type = Value)]
    pub after: Value,
}

impl Change {
    /// Of a version that is raised without anything else changing.
    pub fn of_version(before: i64, after: i64) -> Self {
        Self { pointer: "/version".to_owned(), before: before.into(), after: after.into() }
    }
}

/// Who changed what, when, from what to what.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The entry.
    pub audit_id: AuditId,
    /// The hotel it belongs to.
    pub hotel_id: HotelId,
    /// The room, if a room was changed.
    pub room_id: Option<RoomId>,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// The version that came of it.
    pub version: i64,
    /// Each value that changed.
    pub changes: Vec<Change>,
}

/// What differs between two documents: members of objects one by one, arrays and all else as a whole.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(String::new(), before, after, &mut found);
    found
}

fn compare(pointer: String, before: &Value, after: &Value, found: &mut Vec<Change>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let inner = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let value =
                    |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                compare(inner, &value(old), &value(new), found);
            }
        }
        (old, new) if old == new => {}
        (old, new) => found.push(Change { pointer, before: old.clone(), after: new.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_action_reads_back() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Ok(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
    }

    #[test]
    fn changes_point_at_the_values_that_differ() {
        let before =
            json!({"name": "A", "address": {"line1": "x", "line2": null}, "tags": ["a"], "a/b~c": 1});
        let after =
            json!({"name": "A", "address": {"line1": "y", "line2": null}, "tags": ["a", "b"], "a/b~c": 2});
        let mut pointers: Vec<String> =
            changes(&before, &after).into_iter().map(|change| change.pointer).collect();
        pointers.sort();
        assert_eq!(pointers, ["/address/line1", "/a~1b~0c", "/tags"]);
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(1)),
            Just(json!("x")),
            Just(json!([1, 2])),
            any::<i32>().prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop::collection::btree_map("[a-c~/]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        })
    }

    /// Writes a value where a pointer points, making what lies between.
    fn write(target: &mut Value, pointer: &str, value: Value) {
        match pointer.rsplit_once('/') {
            None => *target = value,
            Some((parent, name)) => {
                let name = name.replace("~1", "/").replace("~0", "~");
                let object = target.pointer_mut(parent).unwrap().as_object_mut().unwrap();
                if value.is_null() {
                    object.remove(&name)
                } else {
                    object.insert(name, value)
                };
            }
        }
    }

    proptest! {
        #[test]
        fn a_document_has_no_changes_from_itself(document in document()) {
            prop_assert!(changes(&document, &document).is_empty());
        }

        #[test]
        fn writing_the_changes_into_the_old_document_gives_the_new_one(before in document(), after in document()) {
            let mut written = before.clone();
            for change in changes(&before, &after) {
                prop_assert_eq!(before.pointer(&change.pointer).cloned().unwrap_or_default(), change.before);
                write(&mut written, &change.pointer, change.after);
            }
            prop_assert_eq!(written, after);
        }
    }
}
