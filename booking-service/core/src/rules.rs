//! The numbers that settings choose.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{CountryCode, Instant};

use crate::checkout::CheckoutLinks;

/// The settings that rules depend on, validated by the service at start.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long rooms are held.
    pub hold: HoldRules,
    /// What becomes of a payment that comes after the hold has ended.
    pub late_payment: LatePaymentRule,
    /// How long a quote stands (api.md: 15 minutes).
    pub quote_valid: TimeDelta,
    /// Signs the link at which a new booking is paid.
    pub checkout: CheckoutLinks,
}

/// How long rooms are held, and how the provider is asked at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRules {
    /// Where the country has no length of its own (api.md, HOLDS: 5 minutes).
    pub length: TimeDelta,
    /// By the hotel's country (api.md, HOLDS: IN 5, US 4 minutes).
    pub by_country: BTreeMap<CountryCode, TimeDelta>,
    /// How long before the hold the checkout session ends (60 s).
    pub checkout_margin: TimeDelta,
    /// How long before the hold's end the provider is asked (domain.md: 3 s).
    pub ask_before: TimeDelta,
    /// How long the question may take (domain.md: 2 s).
    pub ask_for: TimeDelta,
}

/// What becomes of a payment that comes after its hold has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatePaymentRule {
    /// The booking is made after all if its rooms are still free, else refunded.
    Rebook,
    /// It is always refunded.
    Refund,
}

impl Default for HoldRules {
    fn default() -> Self {
        let country = |code, minutes| Some((CountryCode::parse(code).ok()?, TimeDelta::minutes(minutes)));
        Self {
            length: TimeDelta::minutes(5),
            by_country: [country("IN", 5), country("US", 4)].into_iter().flatten().collect(),
            checkout_margin: TimeDelta::seconds(60),
            ask_before: TimeDelta::seconds(3),
            ask_for: TimeDelta::seconds(2),
        }
    }
}

impl Rules {
    /// Those of api.md, and the links of a checkout page, for which there is no default.
    pub fn new(checkout: CheckoutLinks) -> Self {
        Self {
            hold: HoldRules::default(),
            late_payment: LatePaymentRule::Rebook,
            quote_valid: TimeDelta::minutes(15),
            checkout,
        }
    }
}

impl HoldRules {
    /// When a hold made at `now` in that country ends.
    pub fn ends_at(&self, country: CountryCode, now: Instant) -> Instant {
        now.plus(self.by_country.get(&country).copied().unwrap_or(self.length))
    }

    /// When the checkout session of a hold ends.
    pub fn checkout_ends_at(&self, hold_expires_at: Instant) -> Instant {
        hold_expires_at.plus(negated(self.checkout_margin))
    }

    /// From when the provider is asked about a hold.
    pub fn ask_from(&self, hold_expires_at: Instant) -> Instant {
        hold_expires_at.plus(negated(self.ask_before))
    }

    /// Until when the answer is waited for when asking begins at `now`.
    pub fn ask_until(&self, now: Instant) -> Instant {
        now.plus(self.ask_for)
    }
}

fn negated(delta: TimeDelta) -> TimeDelta {
    TimeDelta::zero().checked_sub(&delta).unwrap_or(TimeDelta::MIN)
}
