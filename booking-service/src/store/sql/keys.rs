//! Idempotency keys and client references: who has used them.

use std::collections::BTreeSet;

use booking_core::{Digest, IdempotencyKey, KeptAnswer, KeyHolder, KeyUse};
use domain::{BookingId, ClientReference, HotelId, UserId};
use platform::mysql::{DbError, Text};
use sqlx::{FromRow, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use super::{ReadMode, Script, Utc, corrupt};
use crate::rows::if_readable;

#[derive(FromRow)]
struct AnswerRow {
    scope: Vec<u8>,
    request_hash: Vec<u8>,
    operation_id: String,
    user_id: Uuid,
    booking_id: Uuid,
    hotel_id: Uuid,
    status: u16,
    etag: Option<String>,
    body: Vec<u8>,
}

/// The answers kept for these keys.
pub(crate) fn answers(scopes: &BTreeSet<Digest>, read: ReadMode) -> Text {
    let mut sql = Text::new(
        "select scope, request_hash, operation_id, user_id, booking_id, hotel_id, status, etag, body \
         from idempotency_keys force index (primary) where scope in ",
    );
    sql.list(scopes.iter().map(|scope| *scope.bytes())).push(" order by scope").push(read.for_update());
    sql
}

/// A row's key and answer.
pub(crate) fn answer(row: &MySqlRow) -> Result<(Digest, KeyUse), DbError> {
    AnswerRow::from_row(row)?.read()
}

impl AnswerRow {
    fn read(self) -> Result<(Digest, KeyUse), DbError> {
        let (scope, hash) = (digest(&self.scope)?, digest(&self.request_hash)?);
        let answer = KeptAnswer {
            key: IdempotencyKey { scope, hash },
            operation_id: self.operation_id,
            user_id: UserId::from_uuid(self.user_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            status: self.status,
            etag: self.etag,
            body: self.body,
        };
        Ok((scope, KeyUse { hash, holder: KeyHolder::Answer(answer) }))
    }
}

/// The purged bookings that were made under these keys.
pub(crate) fn of_purged(scopes: &BTreeSet<Digest>) -> Text {
    let mut sql = Text::new(
        "select idempotency_scope, idempotency_hash, booking_id from purged_bookings force index (by_scope) \
         where idempotency_scope in ",
    );
    sql.list(scopes.iter().map(|scope| *scope.bytes()));
    sql
}

/// The key under which a row's booking was made.
pub(crate) fn of_booking(
    row: &MySqlRow,
    holder: fn(BookingId) -> KeyHolder,
) -> Result<(Digest, KeyUse), DbError> {
    let (scope, hash): (Vec<u8>, Vec<u8>) =
        (row.try_get("idempotency_scope")?, row.try_get("idempotency_hash")?);
    let id: Uuid = row.try_get("booking_id")?;
    Ok((digest(&scope)?, KeyUse { hash: digest(&hash)?, holder: holder(BookingId::from_uuid(id)) }))
}

/// Which bookings, active or purged, these client references name. The lists are rows of constants: only so are they looked up
/// in the index.
pub(crate) fn references(wanted: &BTreeSet<(UserId, ClientReference)>) -> Text {
    let mut list = Text::new("(");
    list.separated(wanted, |sql, (user, reference)| {
        sql.row(&[&user.uuid(), &reference.as_str()]);
    });
    list.push(")");
    let mut sql = Text::new(
        "select user_id, client_reference, booking_id from bookings where (user_id, client_reference) in ",
    );
    sql.append(&list)
        .push(
            " union all select user_id, client_reference, booking_id from purged_bookings \
                            where (user_id, client_reference) in ",
        )
        .append(&list);
    sql
}

/// A row's reference and booking, and whether it says the reference as it was given. The server leaves spaces at the end out of
/// account, so by what is before them a row is found that nobody could have written.
pub(crate) fn reference(row: &MySqlRow) -> Result<Reference, DbError> {
    let (user, booking): (Uuid, Uuid) = (row.try_get("user_id")?, row.try_get("booking_id")?);
    let (user, booking) = (UserId::from_uuid(user), BookingId::from_uuid(booking));
    let stored: Result<String, _> = row.try_get("client_reference");
    let parsed =
        stored.as_ref().ok().and_then(|stored| ClientReference::parse(stored.trim_end_matches(' ')).ok());
    let as_given =
        stored.map_err(DbError::from).and_then(|stored| ClientReference::parse(&stored).map_err(corrupt));
    let is_sound = if_readable("bookings", booking.uuid(), as_given).is_some();
    Ok(Reference { name: parsed.map(|name| (user, name)), booking, is_sound })
}

/// What a client reference names.
pub(crate) struct Reference {
    /// Whose, and which; none if nobody can have asked for it.
    pub(crate) name: Option<(UserId, ClientReference)>,
    pub(crate) booking: BookingId,
    pub(crate) is_sound: bool,
}

/// Keeps answers for their keys until their bookings are purged.
pub(crate) fn insert(script: &mut Script, answers: &[KeptAnswer]) {
    let mut answers: Vec<&KeptAnswer> = answers.iter().collect();
    answers.sort_unstable_by_key(|answer| answer.key.scope);
    script.insert(
        "insert into idempotency_keys (scope, request_hash, operation_id, user_id, status, etag, body, booking_id, \
         hotel_id, created_at) values ",
        answers,
        |sql, answer| {
            sql.row(&[
                answer.key.scope.bytes(),
                answer.key.hash.bytes(),
                &answer.operation_id,
                &answer.user_id.uuid(),
                &answer.status,
                &answer.etag,
                &answer.body,
                &answer.booking_id.uuid(),
                &answer.hotel_id.uuid(),
                &Utc,
            ]);
        },
    );
}

fn digest(bytes: &[u8]) -> Result<Digest, DbError> {
    <[u8; 32]>::try_from(bytes).map(Digest::new).map_err(corrupt)
}
