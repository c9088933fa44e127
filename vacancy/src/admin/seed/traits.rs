//! What a hotel and its rooms have in common.

/// What a hotel's number makes of it.
pub(super) struct Traits {
    pub(super) number: u32,
    pub(super) stars: Option<u8>,
    pub(super) currency: &'static str,
}
