//! One effect per key and caller (domain.md, invariant 4).

use domain::{BookingId, HotelId, UserId};

/// A SHA-256, made at the edge: core only compares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Takes the 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An `Idempotency-Key` as stored: whose and for what, and what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Hash of (caller, operationId, key): unique.
    pub scope: Digest,
    /// Hash of the path with its values and the body in RFC 8785 form.
    pub hash: Digest,
}

/// Who has used a scope before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyHolder {
    /// A booking in MySQL.
    Booking(BookingId),
    /// A booking that is archived and purged.
    Purged(BookingId),
    /// Another operation: its answer, byte for byte.
    Answer(KeptAnswer),
}

/// The answer of an operation, kept with its effect and replayed byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The key.
    pub key: IdempotencyKey,
    /// The operation, such as `cancel_booking`.
    pub operation_id: String,
    /// Whose key it is.
    pub user_id: UserId,
    /// The booking with whose purge it goes.
    pub booking_id: BookingId,
    /// The booking's hotel.
    pub hotel_id: HotelId,
    /// HTTP status.
    pub status: u16,
    /// The `ETag`.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A used scope: what was asked with it, and who holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// What was asked.
    pub hash: Digest,
    /// Who holds it.
    pub holder: KeyHolder,
}
