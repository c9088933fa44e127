//! The product's own request for an order, and the rules by which it is decided.

use std::collections::BTreeMap;

use booking_core::{
    CheckoutLinks, Digest, HoldRules, IdempotencyKey, PriceBasis, Request, Rules, Stay, StayLine,
};
use chrono::TimeDelta;
use domain::{
    Actor, ActorKind, Email, Language, PersonName, StayDates,
    booking::{Booker, Party},
};
use e2e::failed::Failed;

use crate::{order::Order, told::OrFailed as _};

/// No hold ends inside a measurement.
const HOLD: TimeDelta = TimeDelta::minutes(120);
/// As travellers have it by default: their open holds are counted for each booking.
const OPEN_HOLDS: u32 = 3;

/// Those of production, with holds that outlast a measurement.
pub(crate) fn rules() -> Result<Rules, Failed> {
    let links = CheckoutLinks::new("https://pay.bench.example", b"a secret for measuring").or_failed()?;
    let hold = HoldRules { length: HOLD, by_country: BTreeMap::new(), ..HoldRules::default() };
    Ok(Rules { hold, ..Rules::new(links) })
}

/// A request that orders are written into.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    booker: Booker,
    party: Party,
}

impl Requests {
    /// Of one traveller with a party of two.
    pub(crate) fn new() -> Result<Self, Failed> {
        let booker = Booker {
            given_name: PersonName::parse("Ada").or_failed()?,
            family_name: PersonName::parse("Lovelace").or_failed()?,
            email: Email::parse("ada@bench.example").or_failed()?,
            phone: None,
        };
        Ok(Self { booker, party: Party::parse(2, Vec::new()).or_failed()? })
    }

    /// What the edge makes of an order.
    pub(crate) fn of(&self, order: &Order) -> Result<Request, Failed> {
        let dates = StayDates::parse(order.first, order.end()).or_failed()?;
        let line = StayLine { room_id: order.room.room_id, quantity: 1, party: self.party.clone() };
        let user_id = order.user_id.into();
        Ok(Request {
            key: IdempotencyKey { scope: Digest::new(order.scope), hash: Digest::new([1; 32]) },
            user_id,
            actor: Actor::user(ActorKind::Traveller, user_id, "auth0|ada"),
            stay: Stay::parse(order.room.hotel_id, dates, vec![line]).or_failed()?,
            basis: PriceBasis::Today,
            email_verified: true,
            booker: self.booker.clone(),
            language: Language::english(),
            special_requests: None,
            client_reference: None,
            return_url: None,
            holds_limit: OPEN_HOLDS,
        })
    }
}
