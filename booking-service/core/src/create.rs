//! A new booking: rooms held, payment awaited (api.md, BOOKING).

use std::sync::Arc;

use domain::{
    Actor, BookingId, ClientReference, Language, Money, Text, UserId,
    booking::{BookedLine, Booker, BookingFacts, BookingRecord, BookingStatus},
    event::{BookingEvent, BookingHappening},
    price::{CancellationPolicy, Price},
};

use crate::{
    booking::as_created,
    checkout::CheckoutSession,
    idempotency::{IdempotencyKey, KeyHolder, KeyUse},
    night::NightDelta,
    plan::{NewBooking, Plan, PlannedEvent},
    price,
    quote::{Quote, sellable},
    refusal::Refusal,
    rules::Rules,
    snapshot::{Snapshot, Wanted},
    stay::Stay,
    stock::SeenHotel,
};

/// What is asked for, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The key of the request.
    pub key: IdempotencyKey,
    /// Whose booking it will be.
    pub user_id: UserId,
    /// Who makes it, for the history.
    pub actor: Actor,
    /// What.
    pub stay: Stay,
    /// At which price.
    pub basis: PriceBasis,
    /// For whom.
    pub booker: Booker,
    /// Whether the booker's address is the caller's own.
    pub email_verified: bool,
    /// The language of mails.
    pub language: Language,
    /// Wishes to the hotel.
    pub special_requests: Option<Text<0, 500>>,
    /// The caller's own name for it.
    pub client_reference: Option<ClientReference>,
    /// Where the checkout page sends the traveller afterwards; checked against the setting's list by the edge.
    pub return_url: Option<String>,
    /// How many open holds the caller may have, this one included. `u32::MAX` is no limit: then none are counted,
    /// since a channel has thousands.
    pub holds_limit: u32,
}

/// At which price a stay is booked. Never the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceBasis {
    /// The quote's, whose signature the edge has verified.
    Quote(Box<Quote>),
    /// Today's, unless it is above `total x (1 + max_increase_percent / 100)`.
    Expected {
        /// What the caller expects.
        total: Money,
        /// 0 to 20.
        max_increase_percent: u8,
    },
    /// Today's, whatever it is.
    Today,
}

/// What a request for a booking leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// A new booking. Also one that an earlier run of the same work has made already: then there is nothing to write.
    New(Box<BookingRecord>),
    /// The key has made this booking before: as it was then. Nothing to write.
    Repeat(Box<BookingRecord>),
    /// The key has made this booking, which is archived: answer with the archive's record.
    RepeatArchived(BookingId),
}

impl Request {
    /// Whether the caller's open holds are counted.
    pub const fn counts_holds(&self) -> bool {
        self.holds_limit < u32::MAX
    }

    /// What [`create`] needs to know.
    pub fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::stay(&self.stay).and_scope(self.key.scope);
        if self.counts_holds() {
            wanted.holders.insert(self.user_id);
        }
        wanted.references.extend(self.client_reference.clone().map(|reference| (self.user_id, reference)));
        wanted
    }
}

/// Decides on a request, and plans what to write: first whether it is a repeat, before any rule that depends on time or
/// state.
pub fn create(
    snapshot: &Snapshot,
    request: &Request,
    id: BookingId,
    rules: &Rules,
) -> Result<(Created, Plan), Refusal> {
    if let Some(used) = snapshot.keys.get(&request.key.scope) {
        return repeat(snapshot, request, id, used).map(|created| (created, Plan::default()));
    }
    let reference = request.client_reference.clone().map(|reference| (request.user_id, reference));
    if let Some(other) = reference.and_then(|key| snapshot.references.get(&key)) {
        return Err(Refusal::ClientReferenceReused(*other));
    }
    let hotel = sellable(snapshot, &request.stay)?;
    let (price, policy) = agreed(snapshot, hotel, request)?;
    brake(snapshot, request)?;
    let short = snapshot.short_nights(&request.stay.units(), request.stay.dates());
    if !short.is_empty() {
        return Err(Refusal::SoldOut(short));
    }
    let draft = Draft { snapshot, hotel, request, id, rules };
    let record = draft.record(price, policy);
    let plan = draft.plan(&record);
    Ok((Created::New(Box::new(record)), plan))
}

fn repeat(snapshot: &Snapshot, request: &Request, id: BookingId, used: &KeyUse) -> Result<Created, Refusal> {
    if used.hash != request.key.hash {
        return Err(Refusal::IdempotencyKeyReused);
    }
    match &used.holder {
        KeyHolder::Booking(made) => {
            let booking = snapshot.booking(*made)?;
            let record = Box::new(as_created(&booking.record));
            // Its id is ours where the answer to our own COMMIT was lost.
            Ok(if *made == id { Created::New(record) } else { Created::Repeat(record) })
        }
        KeyHolder::Purged(id) => Ok(Created::RepeatArchived(*id)),
        // The scope holds the operation, so another operation's answer never stands here.
        KeyHolder::Answer(_) => Err(Refusal::IdempotencyKeyReused),
    }
}

fn agreed(
    snapshot: &Snapshot,
    hotel: &SeenHotel,
    request: &Request,
) -> Result<(Price, CancellationPolicy), Refusal> {
    match &request.basis {
        PriceBasis::Quote(quote) => {
            quote.redeem(&request.stay, snapshot.now)?;
            Ok((quote.price.clone(), quote.cancellation_policy.clone()))
        }
        PriceBasis::Expected { total, max_increase_percent } => {
            let today = todays(snapshot, hotel, request)?;
            accept(today.0.total, *total, *max_increase_percent)?;
            Ok(today)
        }
        PriceBasis::Today => todays(snapshot, hotel, request),
    }
}

fn todays(
    snapshot: &Snapshot,
    hotel: &SeenHotel,
    request: &Request,
) -> Result<(Price, CancellationPolicy), Refusal> {
    let price = price::price(snapshot, hotel, &request.stay)?;
    let policy = price::policy(hotel.facts.time_zone, request.stay.dates(), price.total, snapshot.now);
    Ok((price, policy))
}

fn accept(current: Money, expected: Money, max_increase_percent: u8) -> Result<(), Refusal> {
    if current.currency() != expected.currency() {
        Err(Refusal::ForeignCurrency(current.currency()))
    } else if price::is_above(current, expected, max_increase_percent) {
        Err(Refusal::PriceChanged { expected, current })
    } else {
        Ok(())
    }
}

fn brake(snapshot: &Snapshot, request: &Request) -> Result<(), Refusal> {
    let open = snapshot.open_holds.get(&request.user_id).copied().unwrap_or(0);
    let limit = request.holds_limit;
    if open < limit { Ok(()) } else { Err(Refusal::TooManyHolds { open, limit }) }
}

/// What a new booking is made of.
struct Draft<'a> {
    snapshot: &'a Snapshot,
    hotel: &'a SeenHotel,
    request: &'a Request,
    id: BookingId,
    rules: &'a Rules,
}

impl Draft<'_> {
    fn record(&self, price: Price, cancellation_policy: CancellationPolicy) -> BookingRecord {
        let Self { snapshot, hotel, request, id, rules } = *self;
        let hold_expires_at = rules.hold.ends_at(hotel.facts.country_code, snapshot.now);
        let session = CheckoutSession {
            payment_id: id.payment_id(),
            booking_id: id,
            amount: price.due_now,
            expires: rules.hold.checkout_ends_at(hold_expires_at),
            return_url: request.return_url.as_deref().unwrap_or_default(),
        };
        BookingRecord {
            booking_id: id,
            hotel_id: request.stay.hotel_id(),
            user_id: request.user_id,
            dates: request.stay.dates(),
            status: BookingStatus::Reserved,
            status_reason: None,
            late_payment: None,
            hold_expires_at,
            client_reference: request.client_reference.clone(),
            invoice_id: None,
            cancelled_at: None,
            penalty: None,
            cancellation_note: None,
            version: 1,
            created_at: snapshot.now,
            updated_at: snapshot.now,
            facts: Arc::new(BookingFacts {
                lines: self.lines(),
                booker: request.booker.clone(),
                email_verified: request.email_verified,
                language: request.language.clone(),
                special_requests: request.special_requests.clone(),
                price,
                cancellation_policy,
                hotel: hotel.facts.clone(),
                payment_id: session.payment_id,
                checkout_url: rules.checkout.url(&session),
                checkout_expires_at: session.expires,
            }),
        }
    }

    fn lines(&self) -> Vec<BookedLine> {
        let room = |room| self.snapshot.rooms.get(&room);
        let name = |id| room(id).map(|stock| stock.display_name.clone()).unwrap_or_default();
        let lines = self.request.stay.numbered();
        lines
            .map(|(number, line)| BookedLine {
                line: number,
                room_id: line.room_id,
                room_name: name(line.room_id),
                quantity: line.quantity,
                party: line.party.clone(),
            })
            .collect()
    }

    fn plan(&self, record: &BookingRecord) -> Plan {
        let mut plan = Plan::default();
        for (room, units) in self.request.stay.units() {
            plan.rely_on(self.snapshot, room);
            for date in record.dates.nights() {
                plan.night(self.snapshot, room, date, NightDelta { taken: units, ..NightDelta::default() });
            }
        }
        let actor = self.request.actor.clone();
        plan.bookings.push(NewBooking {
            record: record.clone(),
            key: self.request.key,
            actor: actor.clone(),
        });
        plan.events.push(made(record, actor));
        plan
    }
}

/// The event that tells that a booking was made, of its record as it was then.
pub(crate) fn made(record: &BookingRecord, actor: Actor) -> PlannedEvent {
    let (booking, actor) = (record.clone(), Some(actor));
    PlannedEvent {
        event_id: record.booking_id.first_event_id(),
        happening: BookingHappening::Reserved,
        at: record.created_at,
        reason: None,
        body: BookingEvent { booking, from: None, actor, refund: None, invoice: None },
    }
}
