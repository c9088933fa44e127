//! Whose turn it is among the mails that are claimed: one of a booking at a time, few of a domain at a time.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    iter,
};

use domain::BookingId;

/// What waits for a turn: a mail, or in a test something like it.
pub trait Waits {
    /// The booking it is about.
    fn booking(&self) -> BookingId;
    /// Where it goes.
    fn recipient(&self) -> &str;
}

/// Places for mails under way, and the claimed mails that wait for one.
#[derive(Debug)]
pub struct Places<M> {
    all: usize,
    per_domain: usize,
    /// Those of the mails under way: one each.
    bookings: BTreeSet<BookingId>,
    domains: BTreeMap<String, usize>,
    waiting: VecDeque<M>,
}

/// A place that a mail has taken, to be given back.
#[derive(Debug, PartialEq, Eq)]
pub struct TakenPlace {
    booking: BookingId,
    domain: String,
}

impl<M: Waits> Places<M> {
    /// So many in all, and so many for the addresses of one domain.
    pub const fn new(all: usize, per_domain: usize) -> Self {
        Self {
            all,
            per_domain,
            bookings: BTreeSet::new(),
            domains: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// How many are free.
    pub fn free(&self) -> usize {
        self.all.saturating_sub(self.bookings.len())
    }

    /// Domains whose mails have all the places they may have: of these no more need be claimed.
    pub fn full_domains(&self) -> Vec<String> {
        self.domains.keys().filter(|domain| !self.has_place(domain)).cloned().collect()
    }

    /// Takes claimed mails in, behind those that wait already.
    pub fn take_in(&mut self, mails: impl IntoIterator<Item = M>) {
        self.waiting.extend(mails);
    }

    /// The mails that may go now, each with the place it takes.
    pub fn begin(&mut self) -> impl Iterator<Item = (TakenPlace, M)> {
        iter::from_fn(|| self.next())
    }

    /// The first whose domain has a place left, and of whose booking none is under way or before it.
    fn next(&mut self) -> Option<(TakenPlace, M)> {
        if self.free() == 0 {
            return None;
        }
        let mut held_up = self.bookings.clone();
        let first = self.waiting.iter().position(|mail| {
            let goes = !held_up.contains(&mail.booking()) && self.has_place(&domain_of(mail.recipient()));
            if !goes {
                held_up.insert(mail.booking());
            }
            goes
        })?;
        let mail = self.waiting.remove(first)?;
        Some((self.take(&mail), mail))
    }

    /// Takes back those that wait, but for what comes behind a mail of its booking that is under way.
    pub fn withdraw(&mut self) -> Vec<M> {
        let (behind, withdrawn) =
            self.waiting.drain(..).partition(|mail| self.bookings.contains(&mail.booking()));
        self.waiting = behind;
        Vec::from(withdrawn)
    }

    fn has_place(&self, domain: &str) -> bool {
        self.domains.get(domain).is_none_or(|taken| *taken < self.per_domain)
    }

    fn take(&mut self, mail: &M) -> TakenPlace {
        let place = TakenPlace { booking: mail.booking(), domain: domain_of(mail.recipient()) };
        self.bookings.insert(place.booking);
        let taken = self.domains.entry(place.domain.clone()).or_default();
        *taken = taken.saturating_add(1);
        place
    }

    /// A mail is over.
    pub fn give_back(&mut self, place: &TakenPlace) {
        self.bookings.remove(&place.booking);
        if let Some(taken) = self.domains.get_mut(&place.domain) {
            *taken = taken.saturating_sub(1);
        }
        self.domains.retain(|_, taken| *taken > 0);
    }
}

/// The domain of an address, in lower case.
fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Mail(u128, &'static str);

    impl Waits for Mail {
        fn booking(&self) -> BookingId {
            uuid::Uuid::from_u128(self.0).into()
        }

        fn recipient(&self) -> &str {
            self.1
        }
    }

    fn places(mails: &[Mail]) -> Places<Mail> {
        let mut places = Places::new(4, 2);
        places.take_in(mails.iter().copied());
        places
    }

    fn mails(gone: &[(TakenPlace, Mail)]) -> Vec<Mail> {
        gone.iter().map(|(_, mail)| *mail).collect()
    }

    fn begun(places: &mut Places<Mail>) -> Vec<Mail> {
        places.begin().map(|(_, mail)| mail).collect()
    }

    #[test]
    fn a_domain_takes_its_places_and_leaves_the_others() {
        let slow = [Mail(1, "a@slow.example"), Mail(2, "b@Slow.example"), Mail(3, "c@slow.example")];
        let others = [Mail(4, "d@x.example"), Mail(5, "e@y.example"), Mail(6, "f@z.example")];
        let mut places = places(&[&slow[..], &others[..]].concat());
        let gone: Vec<_> = places.begin().collect();
        assert_eq!(mails(&gone), [slow[0], slow[1], others[0], others[1]]);
        assert_eq!((places.free(), places.full_domains()), (0, vec!["slow.example".to_owned()]));
        places.give_back(&gone[2].0);
        assert_eq!(begun(&mut places), [others[2]]);
        places.give_back(&gone[0].0);
        assert_eq!(begun(&mut places), [slow[2]]);
    }

    #[test]
    fn mails_of_a_booking_go_one_after_another_in_their_order() {
        let first = Mail(1, "a@x.example");
        let (second, third) = (Mail(1, "b@y.example"), Mail(1, "c@z.example"));
        let mut places = places(&[first, second, third, Mail(2, "d@x.example")]);
        let gone: Vec<_> = places.begin().collect();
        assert_eq!(mails(&gone), [first, Mail(2, "d@x.example")]);
        places.give_back(&gone[0].0);
        assert_eq!(begun(&mut places), [second]);
    }

    #[test]
    fn a_mail_whose_domain_is_full_keeps_its_place_before_later_ones_of_its_booking() {
        let slow = [Mail(1, "a@s.example"), Mail(2, "b@s.example")];
        let (early, late) = (Mail(3, "c@s.example"), Mail(3, "d@x.example"));
        let mut places = places(&[slow[0], slow[1], early, late]);
        let gone: Vec<_> = places.begin().collect();
        assert_eq!(mails(&gone), slow);
        places.give_back(&gone[1].0);
        assert_eq!(begun(&mut places), [early]);
    }

    #[test]
    fn what_waits_is_withdrawn_but_not_from_behind_a_mail_of_its_booking() {
        let (first, second) = (Mail(1, "a@s.example"), Mail(1, "b@x.example"));
        let full = [Mail(2, "c@s.example"), Mail(3, "d@s.example"), Mail(3, "e@x.example")];
        let mut places = places(&[&[first, second][..], &full[..]].concat());
        let gone: Vec<_> = places.begin().collect();
        assert_eq!(mails(&gone), [first, full[0]]);
        assert_eq!(places.withdraw(), full[1..]);
        places.give_back(&gone[0].0);
        assert_eq!(begun(&mut places), [second]);
    }

    #[test]
    fn what_is_given_back_is_free_again() {
        let mut places = places(&[Mail(1, "a@x.example"), Mail(2, "b@x.example")]);
        let gone: Vec<_> = places.begin().collect();
        for (place, _) in gone {
            places.give_back(&place);
        }
        assert_eq!((places.free(), places.full_domains()), (4, Vec::<String>::new()));
    }
}
