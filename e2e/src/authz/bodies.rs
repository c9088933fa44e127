//! Bodies with which nothing is wrong.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::operations::unknown;

/// A body that is good in itself, so that only whose it is can be wrong.
pub(super) fn of(operation: &str, resources: &BTreeMap<String, String>) -> Value {
    let locality = resources.get("locality_id").cloned().unwrap_or_default();
    match operation {
        "amend_hotel" => json!({"name": "Mine now"}),
        "amend_room" => json!({"display_name": "Mine now"}),
        "create_room" | "put_room" => room(),
        "replace_hotel" | "create_hotel" => hotel("Mine now", &locality),
        "suspend_hotel" => json!({"reason": "Nobody answers the door."}),
        "transfer_hotel" => json!({"owner_id": unknown()}),
        _ => json!({}),
    }
}

/// A hotel that is good in itself.
pub(super) fn hotel(name: &str, locality_id: &str) -> Value {
    json!({"name": name, "description": "", "locality_id": locality_id,
        "address": {"line1": "Rua 1", "line2": null, "postal_code": null}, "latitude": 41.15, "longitude": -8.61,
        "time_zone": "Europe/Lisbon", "currency": "EUR", "star_rating": null, "facilities": [],
        "contact": {"email": "desk@theirs.example", "phone": null}, "check_in_time": "15:00", "check_out_time": "11:00",
        "is_active": true})
}

/// A room that is good in itself.
pub(super) fn room() -> Value {
    let money = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    json!({"display_name": "Room", "description": "", "quantity": 1, "occupancy": 2,
        "price_min": money(100), "price_max": money(200), "facilities": [], "is_active": true})
}
