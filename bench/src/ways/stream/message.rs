//! An order with the facts of its booking, as they travel.

use e2e::failed::Failed;

use crate::order::Order;

/// The order, a line feed, the facts.
pub(super) fn write(order: &Order, facts: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut bytes = serde_json::to_vec(order)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(facts);
    Ok(bytes)
}

/// The order of a message. Its facts are those that all bookings have.
pub(super) fn read(message: &[u8]) -> Result<Order, Failed> {
    Ok(serde_json::from_slice(message.split(|byte| *byte == b'\n').next().unwrap_or_default())?)
}
