//! The table of status x command, generated for the documents from what `apply` does.

use std::fmt::Write;

use chrono::TimeDelta;
use domain::booking::BookingStatus;

use crate::{
    CancelledBy, Command, LatePaymentRule, ProviderSaid, Quiet, Refusal, Review, RoomsMove, Step,
    tests::fixture::{World, cancel, capture, due, euros, paid, reviewed},
};

type Stage = (&'static str, fn() -> World);

const STAGES: [Stage; 7] = [
    ("RESERVED", World::reserved),
    ("RESERVED, hold over", hold_over),
    ("RESERVED, payment in review", in_review),
    ("BOOKED", World::booked),
    ("CANCELLED, hold_expired", World::expired),
    ("CANCELLED, traveller", cancelled),
    ("COMPLETED", World::completed),
];

fn hold_over() -> World {
    let mut world = World::reserved();
    world.pass(TimeDelta::minutes(5));
    world
}

fn in_review() -> World {
    let mut world = World::reserved();
    world.command(&paid("pr-1", euros(1))).unwrap();
    world
}

fn cancelled() -> World {
    World::cancelled(CancelledBy::Traveller)
}

/// Every command, with the names that the documents give them.
fn commands(world: &World) -> Vec<(&'static str, Command)> {
    let due = due(world);
    let refund = world.booking().refunds.first().map_or(uuid::Uuid::nil().into(), |refund| refund.refund_id);
    let payment = world.booking().record.facts.payment_id;
    vec![
        ("payment succeeded", paid("pr-9", due)),
        ("payment succeeded, told again", paid("pr-1", due)),
        ("payment succeeded, another amount", paid("pr-9", euros(1))),
        ("checkout ended unpaid", Command::CheckoutEnded),
        ("hold due", Command::HoldDue),
        ("provider said paid", Command::ProviderSaid(ProviderSaid::Paid(capture("pr-9", due)))),
        (
            "provider said another amount",
            Command::ProviderSaid(ProviderSaid::Paid(capture("pr-9", euros(1)))),
        ),
        ("provider said unpaid", Command::ProviderSaid(ProviderSaid::Unpaid)),
        ("provider gave no answer", Command::ProviderSaid(ProviderSaid::NoAnswer)),
        ("cancelled by the traveller", cancel(CancelledBy::Traveller)),
        ("cancelled by the hotel", cancel(CancelledBy::Hotel)),
        ("stay ended", Command::StayEnded),
        ("void confirmed", Command::VoidConfirmed),
        ("refund confirmed", Command::RefundConfirmed(refund)),
        ("operator books", reviewed(payment, Review::Book)),
        ("operator refunds", reviewed(payment, Review::Refund)),
        ("papers numbered", Command::NumberPapers),
    ]
}

fn cell(world: &World, command: &Command) -> String {
    let mut world = world.clone();
    match world.command(command) {
        Err(refusal) => format!("refused: {}", refused(&refusal)),
        Ok(decided) => match &decided.step {
            Step::Quiet(quiet) => quieted(quiet).to_owned(),
            Step::AskProvider(_) => "ask the provider".to_owned(),
            Step::Change(change) => {
                let mut text = change.transition.as_ref().map_or_else(String::new, |moved| {
                    let status = moved.after.status;
                    let kind = moved.happening.kind().trim_start_matches("vacancy.booking.");
                    format!("{status} (`{}`)", kind.trim_end_matches(".v1"))
                });
                describe(change, &mut text);
                text
            }
        },
    }
}

fn describe(change: &crate::Change, text: &mut String) {
    let mut say = |word: &str| {
        let comma = if text.is_empty() { "" } else { ", " };
        write!(text, "{comma}{word}").unwrap();
    };
    match change.rooms {
        RoomsMove::Stay => {}
        RoomsMove::GiveBack => say("rooms back"),
        RoomsMove::Take => say("rooms taken again"),
    }
    for payment in &change.payments {
        say(&format!("payment {}", payment.status));
    }
    if change.invoice.is_some() {
        say("invoice");
    }
    if !change.refunds.is_empty() {
        say("refund owed");
    }
    if change.credit_note.is_some() {
        say("credit note");
    }
    if !change.voids.is_empty() {
        say("void owed");
    }
    for (_, how) in &change.voids_settled {
        say(&format!("void {how:?}").to_lowercase());
    }
}

const fn quieted(quiet: &Quiet) -> &'static str {
    match quiet {
        Quiet::Duplicate => "no effect: known",
        Quiet::Recorded => "recorded",
        Quiet::Ignored => "ignored",
        Quiet::NotYet(_) => "not yet",
        Quiet::AlreadyCancelled(_) => "same result again",
    }
}

fn refused(refusal: &Refusal) -> String {
    refusal.to_string()
}

/// The table as Markdown.
fn markdown() -> String {
    let mut text = String::from("| arrives \\ status |");
    let worlds: Vec<(&str, World)> = STAGES.iter().map(|(name, stage)| (*name, stage())).collect();
    for (name, _) in &worlds {
        write!(text, " {name} |").unwrap();
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(worlds.len()));
    for index in 0..commands(&worlds[0].1).len() {
        let name = commands(&worlds[0].1)[index].0;
        write!(text, "\n| {name} |").unwrap();
        for (_, world) in &worlds {
            write!(text, " {} |", cell(world, &commands(world)[index].1)).unwrap();
        }
    }
    text
}

#[test]
fn the_table_of_states_is_what_the_documents_show() {
    insta::assert_snapshot!("states", markdown());
}

#[test]
fn the_page_about_states_shows_this_table() {
    let page = include_str!("../../../../docs/STATES.md");
    let behind = page.split_once("<!-- generated: states -->\n").unwrap().1;
    let shown = behind.split_once("\n<!-- end: states -->").unwrap().0;
    assert_eq!(shown, markdown(), "put the table of the snapshot between the marks of docs/STATES.md");
}

#[test]
fn a_late_payment_is_refunded_where_the_setting_says_so() {
    let mut world = World::expired();
    world.rules.late_payment = LatePaymentRule::Refund;
    let due = due(&world);
    world.command(&paid("pr-9", due)).unwrap();
    assert_eq!(world.booking().record.status, BookingStatus::Cancelled);
    assert_eq!(world.booking().refunds.len(), 1);
}
