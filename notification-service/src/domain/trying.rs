//! What becomes of a mail after a try: when it is tried again, and when it is given up.

use std::{collections::BTreeSet, time::Duration};

/// What the mail server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// This mail will never be taken: the address or the mail itself is refused (RFC 5321, 4.2.1: 5yz).
    Never,
    /// Not this mail, not now: mailbox full, greylisted, a domain that does not resolve (4yz).
    Deferred,
}

/// What becomes of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Tried again after this time.
    After(Duration),
    /// Not tried again.
    GivenUp,
}

/// How often and how long a mail is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The first pause, doubled from then on.
    pub first: Duration,
    /// No pause is longer.
    pub most: Duration,
    /// How long after its event a mail is still tried. RFC 5321, 4.5.4.1 asks for four to five days between servers; a mail
    /// about a stay is old news long before that.
    pub end: Duration,
    /// So often it is tried at least, also when we ourselves stood still meanwhile.
    pub fewest: u32,
}

impl Patience {
    /// What becomes of a mail that has been tried `attempts` times since `age` ago.
    pub fn after(&self, reply: Reply, attempts: u32, age: Duration) -> Next {
        let pause = delivery::Backoff::new(self.first, self.most).delay(attempts);
        match reply {
            Reply::Never => Next::GivenUp,
            Reply::Deferred if age >= self.end && attempts >= self.fewest => Next::GivenUp,
            Reply::Deferred => Next::After(pause),
        }
    }
}

/// Different recipients refused in a row: a server that refuses one after the other, as when it does not know us as a sender,
/// means us and not them.
#[derive(Debug)]
pub struct Refusals {
    refused: BTreeSet<String>,
    most: usize,
}

impl Refusals {
    /// None yet. `most` in a row are about us.
    pub const fn new(most: usize) -> Self {
        Self { refused: BTreeSet::new(), most }
    }

    /// One was refused. Whether that is about us.
    pub fn refused(&mut self, recipient: &str) -> bool {
        if self.refused.len() < self.most {
            self.refused.insert(recipient.to_owned());
        }
        self.refused.len() >= self.most
    }

    /// The server has taken a mail.
    pub fn taken(&mut self) {
        self.refused.clear();
    }
}

/// Replies that are about us or the server, not about this mail: it shuts down, is busy, or wants another login
/// (RFC 5321, 4.2.3; RFC 4954, 6).
const OF_THE_SERVER: [u16; 7] = [421, 432, 454, 530, 534, 535, 538];

/// What a reply code says of the mail; none if it says nothing of it.
pub fn reply(code: u16) -> Option<Reply> {
    match code {
        _ if OF_THE_SERVER.contains(&code) => None,
        400..=499 => Some(Reply::Deferred),
        500..=599 => Some(Reply::Never),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        first: Duration::from_mins(1),
        most: Duration::from_hours(4),
        end: Duration::from_hours(48),
        fewest: 8,
    };

    #[test]
    fn a_deferred_mail_is_tried_after_growing_pauses_and_given_up_in_the_end() {
        let mut age = Duration::ZERO;
        let mut pauses = Vec::new();
        while let Next::After(pause) =
            PATIENCE.after(Reply::Deferred, u32::try_from(pauses.len()).unwrap() + 1, age)
        {
            age += pause;
            pauses.push(pause);
        }
        assert!(pauses.is_sorted() && pauses[0] >= PATIENCE.first, "{pauses:?}");
        assert!(*pauses.last().unwrap() <= PATIENCE.most);
        assert!((10..40).contains(&pauses.len()), "a server is not pestered: {}", pauses.len());
        assert!(age >= PATIENCE.end && age < PATIENCE.end + PATIENCE.most);
    }

    #[test]
    fn a_mail_that_was_hardly_tried_is_not_given_up_for_its_age() {
        let age = Duration::from_hours(60);
        assert!(matches!(PATIENCE.after(Reply::Deferred, 1, age), Next::After(_)));
        assert_eq!(PATIENCE.after(Reply::Deferred, 8, age), Next::GivenUp);
    }

    #[test]
    fn a_server_that_refuses_many_different_recipients_in_a_row_means_us() {
        let mut refusals = Refusals::new(3);
        assert!(!["a", "a", "a", "a", "b"].map(|recipient| refusals.refused(recipient)).contains(&true));
        assert!(refusals.refused("c") && refusals.refused("a"));
        refusals.taken();
        assert!(!refusals.refused("a"));
    }

    #[test]
    fn a_refused_mail_is_given_up_at_once() {
        assert_eq!(PATIENCE.after(Reply::Never, 1, Duration::ZERO), Next::GivenUp);
    }

    #[test]
    fn a_reply_about_the_recipient_is_told_from_one_about_the_server() {
        for code in [450, 451, 452, 455] {
            assert_eq!(reply(code), Some(Reply::Deferred), "{code}");
        }
        for code in [500, 501, 503, 504, 510, 521, 523, 550, 551, 552, 553, 554, 555, 556] {
            assert_eq!(reply(code), Some(Reply::Never), "{code}");
        }
        for code in [421, 454, 530, 535] {
            assert_eq!(reply(code), None, "{code}");
        }
    }
}
