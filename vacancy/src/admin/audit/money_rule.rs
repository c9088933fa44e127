//! What must become of the money captured for one booking (invariant 5). Pure.

use sqlx::FromRow;
use uuid::Uuid;

/// A row of `payments`.
#[derive(Debug, Clone, FromRow)]
#[expect(clippy::struct_field_names, reason = "named as the columns")]
pub(super) struct Payment {
    pub(super) payment_id: Uuid,
    pub(super) booking_id: Uuid,
    pub(super) status: String,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) provider_reference: Option<String>,
}

/// A row of `refunds`.
#[derive(Debug, Clone, FromRow)]
#[expect(clippy::struct_field_names, reason = "named as the columns")]
pub(super) struct Refund {
    pub(super) refund_id: Uuid,
    pub(super) booking_id: Uuid,
    pub(super) amount: i64,
    pub(super) status: String,
    pub(super) provider_reference: Option<String>,
}

/// Where the booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// Its payment is awaited.
    Reserved,
    /// BOOKED or COMPLETED.
    Paid,
    /// Cancelled at this penalty in minor units.
    Cancelled(i64),
    /// Cancelled and purged: the archive knows the penalty; whether it was ever paid.
    Purged(bool),
    /// Nowhere; another check tells that.
    Nowhere,
}

/// What is wrong with the money of a booking.
pub(super) fn judge(stands: Stands, payments: &[Payment], refunds: &[Refund]) -> Vec<String> {
    let mut wrong: Vec<String> = payments.iter().flat_map(|payment| of_payment(payment, refunds)).collect();
    let unmatched = refunds.iter().filter(|refund| !payments.iter().any(|payment| is_of(refund, payment)));
    wrong.extend(unmatched.map(|refund| format!("refund {} gives back of no payment", refund.refund_id)));
    wrong.extend(kept_wrongly(stands, payments));
    wrong
}

fn is_of(refund: &Refund, payment: &Payment) -> bool {
    refund.provider_reference == payment.provider_reference
}

fn of_payment(payment: &Payment, refunds: &[Refund]) -> Vec<String> {
    let own: Vec<&Refund> = refunds.iter().filter(|refund| is_of(refund, payment)).collect();
    let sum = own.iter().fold(0i64, |sum, refund| sum.saturating_add(refund.amount));
    let id = payment.payment_id;
    let mut wrong = Vec::new();
    if sum != payment.refunded {
        wrong.push(format!("payment {id}: {} refunded and refunds of {sum}", payment.refunded));
    }
    if payment.refunded > payment.captured {
        wrong.push(format!("payment {id}: {} refunded of {} captured", payment.refunded, payment.captured));
    }
    let open = own.iter().any(|refund| refund.status != "succeeded");
    if payment.status == "refunded" && open {
        wrong.push(format!("payment {id}: refunded, yet a refund of it is not confirmed"));
    }
    wrong
}

/// A payment in review waits for an operator: its money has no end yet.
fn kept_wrongly(stands: Stands, payments: &[Payment]) -> Option<String> {
    let kept: Vec<i64> = payments
        .iter()
        .filter(|payment| payment.status != "in_review")
        .map(|payment| payment.captured.saturating_sub(payment.refunded))
        .filter(|kept| *kept != 0)
        .collect();
    let sum = kept.iter().fold(0i64, |sum, one| sum.saturating_add(*one));
    let is_wrong = match stands {
        Stands::Reserved => !kept.is_empty(),
        Stands::Paid => kept.len() != 1,
        Stands::Cancelled(penalty) => sum != penalty,
        Stands::Purged(paid) => sum != 0 && !paid,
        Stands::Nowhere => false,
    };
    is_wrong.then(|| match stands {
        Stands::Reserved => format!("{sum} captured and the booking is still RESERVED"),
        Stands::Paid => format!("kept by {} payments, where exactly one pays for it", kept.len()),
        Stands::Cancelled(penalty) => format!("{sum} kept of a cancelled booking whose penalty is {penalty}"),
        Stands::Purged(_) | Stands::Nowhere => format!("{sum} kept of a booking that ended unpaid"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(status: &str, captured: i64, refunded: i64, reference: &str) -> Payment {
        let id = Uuid::nil();
        let provider_reference = Some(reference.to_owned());
        Payment {
            payment_id: id,
            booking_id: id,
            status: status.to_owned(),
            captured,
            refunded,
            provider_reference,
        }
    }

    fn refund(amount: i64, status: &str, reference: &str) -> Refund {
        let id = Uuid::nil();
        let provider_reference = Some(reference.to_owned());
        Refund { refund_id: id, booking_id: id, amount, status: status.to_owned(), provider_reference }
    }

    #[test]
    fn money_that_ends_where_it_should_is_clean() {
        let paid = payment("succeeded", 100, 0, "a");
        assert!(judge(Stands::Paid, std::slice::from_ref(&paid), &[]).is_empty());
        let back = payment("refund_due", 100, 70, "a");
        assert!(judge(Stands::Cancelled(30), &[back], &[refund(70, "owed", "a")]).is_empty());
        let twice = [paid, payment("refunded", 100, 100, "b")];
        assert!(judge(Stands::Paid, &twice, &[refund(100, "succeeded", "b")]).is_empty());
        assert!(judge(Stands::Reserved, &[payment("in_review", 90, 0, "a")], &[]).is_empty());
        assert!(judge(Stands::Cancelled(0), &[payment("voided", 0, 0, "a")], &[]).is_empty());
    }

    #[test]
    fn money_that_is_kept_wrongly_is_a_breach() {
        let paid = payment("succeeded", 100, 0, "a");
        for stands in [Stands::Reserved, Stands::Cancelled(0), Stands::Purged(false)] {
            assert_eq!(judge(stands, std::slice::from_ref(&paid), &[]).len(), 1, "{stands:?}");
        }
        let twice = [paid.clone(), payment("succeeded", 100, 0, "b")];
        assert_eq!(judge(Stands::Paid, &twice, &[]).len(), 1);
        assert_eq!(judge(Stands::Paid, &[], &[]).len(), 1);
    }

    #[test]
    fn refunds_that_do_not_match_their_payment_are_a_breach() {
        let back = payment("refunded", 100, 100, "a");
        assert_eq!(judge(Stands::Cancelled(0), std::slice::from_ref(&back), &[]).len(), 1);
        assert_eq!(
            judge(Stands::Cancelled(0), std::slice::from_ref(&back), &[refund(100, "owed", "a")]).len(),
            1
        );
        let other = [refund(100, "succeeded", "a"), refund(5, "owed", "c")];
        assert_eq!(judge(Stands::Cancelled(0), &[back], &other).len(), 1);
    }
}
