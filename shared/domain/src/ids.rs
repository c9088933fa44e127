//! Identifiers: UUIDs, a type each, so that one is never taken for another.
//!
//! Ours are `UUIDv7`, made by the platform's `ids`; any RFC 9562 UUID is accepted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::invalid::Invalid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, format = Uuid, example = $example)]
        pub struct $name(Uuid);

        impl $name {
            /// Names an existing UUID as this kind of id.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                parse_uuid(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

/// Only the hyphenated form is an id of ours: the URN, braced and bare forms would give one thing several names.
fn parse_uuid(text: &str) -> Result<Uuid, Invalid> {
    let hyphenated = text.len() == 36;
    Uuid::try_parse(text)
        .ok()
        .filter(|_| hyphenated)
        .ok_or_else(|| Invalid::malformed("A UUID such as 0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70."))
}

id! {
    /// A hotel.
    HotelId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70"
}
id! {
    /// A room type of a hotel.
    RoomId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71"
}
id! {
    /// A booking.
    BookingId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e72"
}
id! {
    /// A person or a system that calls us.
    UserId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e73"
}
id! {
    /// Our name for one payment at the provider.
    PaymentId, "0193a5c0-7d1e-79f2-8089-cbb86ca7d1ff"
}
id! {
    /// One event.
    EventId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e74"
}
id! {
    /// A city or an area.
    LocalityId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e75"
}
id! {
    /// An image of a hotel or room.
    ImageId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e76"
}
id! {
    /// An invoice.
    InvoiceId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e77"
}
id! {
    /// A credit note.
    CreditNoteId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e78"
}
id! {
    /// A refund, also its idempotency key at the provider.
    RefundId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e79"
}
id! {
    /// A void owed to the provider.
    VoidId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e7a"
}
id! {
    /// One entry of the audit log.
    AuditId, "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e7b"
}

impl HotelId {
    /// How many shares hotels fall into.
    pub const SHARES: u8 = 16;

    /// The share the hotel falls into, from 0 to 15: work is divided among processes and lanes by it. Fixed for ever, since rows
    /// are stored by it. 64-bit FNV-1a of the sixteen bytes, upper half folded onto the lower: ids made one after another spread.
    pub fn share(self) -> u8 {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let mixed =
            self.0.as_bytes().iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        let [low, ..] = (mixed ^ (mixed >> 32)).to_le_bytes();
        low % Self::SHARES
    }
}

/// What turns a booking's id into its payment's and back: random bits (of a UUID's 128 all but time, version and
/// variant), rolled once and never changed, since links and the provider's callbacks name payments by it.
const PAYMENT_MASK: u128 = 0x0000_0000_0000_05c8_1b96_e4d2_703a_5f8d;

impl PaymentId {
    /// The booking whose own payment has this id. Any id leads to one; whether there is such a booking, the database says.
    pub const fn booking_id(self) -> BookingId {
        BookingId(Uuid::from_u128(self.0.as_u128() ^ PAYMENT_MASK))
    }
}

/// What turns a booking's id into that of its first event; as [`PAYMENT_MASK`].
const FIRST_EVENT_MASK: u128 = 0x0000_0000_0000_0b71_2e5d_91f3_c04a_66e9;

impl EventId {
    /// The event by which a work takes its booking to this version. A work is carried out again when nobody knows whether it
    /// was written, and may then do more, which is another event.
    #[must_use]
    pub fn of_version(self, version: i64) -> Self {
        // The last 48 bits are random in a `UUIDv7`: time, version and variant stay.
        let low = version.unsigned_abs() & 0xffff_ffff_ffff;
        Self(Uuid::from_u128(self.0.as_u128() ^ u128::from(low)))
    }
}

impl BookingId {
    /// The id of the booking's own payment: it keeps time, version and variant, so a `UUIDv7` gives a `UUIDv7`, and it
    /// leads back to the booking without a look-up.
    pub const fn payment_id(self) -> PaymentId {
        PaymentId(Uuid::from_u128(self.0.as_u128() ^ PAYMENT_MASK))
    }

    /// The id of the event that tells that the booking was made: whoever tells it again names the same one.
    pub const fn first_event_id(self) -> EventId {
        EventId(Uuid::from_u128(self.0.as_u128() ^ FIRST_EVENT_MASK))
    }

    /// The id's last 50 bits in Crockford's base 32 as two groups of five, such as `7K3M9-QXD2T`
    /// (api.md, `confirmation_number`).
    pub fn confirmation_number(self) -> ConfirmationNumber {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let bits = self.0.as_u128();
        let mut text = String::with_capacity(11);
        for place in (0..10u32).rev() {
            let digit = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
            text.push(ALPHABET.get(digit).copied().map_or('0', char::from));
            if place == 5 {
                text.push('-');
            }
        }
        ConfirmationNumber(text)
    }
}

/// What a traveller reads over the phone: `7K3M9-QXD2T`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "SFD8E-9V3KJ", pattern = "^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$")]
pub struct ConfirmationNumber(String);

impl ConfirmationNumber {
    /// Reads one as people write it: any case, hyphen or spaces left out, `I`, `L` for 1 and `O` for 0.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| match c.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            })
            .collect();
        let known = plain.len() == 10 && plain.bytes().all(|b| b.is_ascii_alphanumeric() && b != b'U');
        match plain.split_at_checked(5) {
            Some((head, tail)) if known => Ok(Self(format!("{head}-{tail}"))),
            _ => Err(Invalid::malformed("Ten letters and digits such as 7K3M9-QXD2T.")),
        }
    }

    /// As printed in mails.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConfirmationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ConfirmationNumber {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<ConfirmationNumber> for String {
    fn from(number: ConfirmationNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_number_is_the_last_fifty_bits_in_crockford_base_32() {
        let id = BookingId::from_uuid(Uuid::from_u128(
            0b11111_00000_00001_01010_10000_11111_00010_00011_01001_10110,
        ));
        assert_eq!(id.confirmation_number().as_str(), "Z01AG-Z239P");
    }

    #[test]
    fn a_confirmation_number_is_read_as_people_write_it() {
        let read = ConfirmationNumber::parse("zoiag z239p").unwrap();
        assert_eq!(read.as_str(), "Z01AG-Z239P");
        assert!(ConfirmationNumber::parse("ZU1AG-Z239P").is_err());
    }

    #[test]
    fn the_share_of_a_hotel_is_the_same_for_ever() {
        let vectors = [
            ("00000000-0000-0000-0000-000000000000", 12),
            ("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70", 14),
            ("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71", 13),
            ("0193a5bf-1111-7c3a-9b1f-2f6a1c9d8e70", 6),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", 13),
        ];
        for (hotel, share) in vectors {
            assert_eq!(hotel.parse::<HotelId>().unwrap().share(), share, "{hotel}");
        }
    }

    #[test]
    fn hotels_made_one_after_another_spread_over_all_shares() {
        let mut hotels = [0_u32; 16];
        for n in 0..1_600 {
            hotels[usize::from(HotelId::from_uuid(Uuid::from_u128(n)).share())] += 1;
        }
        assert!(hotels.iter().all(|count| (50..200).contains(count)), "{hotels:?}");
    }

    #[test]
    fn a_payment_is_found_by_its_booking_and_a_booking_by_its_payment() {
        for (booking, payment) in [
            ("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70", "0193a5c0-7d1e-79f2-8089-cbb86ca7d1fd"),
            ("00000000-0000-7000-8000-000000000000", "00000000-0000-75c8-9b96-e4d2703a5f8d"),
            ("ffffffff-ffff-7fff-bfff-ffffffffffff", "ffffffff-ffff-7a37-a469-1b2d8fc5a072"),
        ] {
            let id: BookingId = booking.parse().unwrap();
            assert_eq!(id.payment_id().to_string(), payment);
            assert_eq!(id.payment_id().booking_id(), id);
            let uuid = id.payment_id().uuid();
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, uuid::Variant::RFC4122));
            assert_eq!(uuid.as_u128() >> 80, id.uuid().as_u128() >> 80, "the time stays");
        }
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        assert!("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70".parse::<RoomId>().is_ok());
        for other in ["0193a5c07d1e7c3a9b1f2f6a1c9d8e70", "{0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70}", "x", ""] {
            assert!(other.parse::<RoomId>().is_err(), "{other} was taken");
        }
    }
}
