//! Keys whose rows are there for nobody yet: somebody is inserting them.
//!
//! The server says that it would have to wait, and not for which key. So the keys of a kind are asked for in one statement, and in
//! halves where that would wait: a batch of a thousand costs a few statements, and some twenty for each key that is held.

use std::collections::BTreeSet;

use booking_core::{Claim, RoomNight};
use platform::mysql::{DbError, Packet, Text};
use sqlx::MySqlConnection;

use super::{night, nights_from};

/// What locks rows of these claims, and fails where somebody holds one; none of other kinds are among them.
type Probe = fn(&[&Claim]) -> Text;

/// Which of the claims are keys that somebody is inserting, changing or deleting.
pub(super) async fn look(
    conn: &mut MySqlConnection,
    claims: Vec<&Claim>,
) -> Result<BTreeSet<Claim>, DbError> {
    let of = |is: fn(&Claim) -> bool| claims.iter().copied().filter(|claim| is(claim)).collect::<Vec<_>>();
    let scopes = of(|claim| matches!(claim, Claim::Scope(_)));
    let kinds: [(Probe, Vec<&Claim>); 5] = [
        (made_under, scopes.clone()),
        (kept_under, scopes),
        (named, of(|claim| matches!(claim, Claim::Reference(..)))),
        (numbered, of(|claim| matches!(claim, Claim::Numbers(_)))),
        (sold, of(|claim| matches!(claim, Claim::Night(_)))),
    ];
    let mut held = BTreeSet::new();
    for (probe, claims) in kinds {
        search(conn, probe, &claims, &mut held).await?;
    }
    Ok(held)
}

async fn search(
    conn: &mut MySqlConnection,
    probe: Probe,
    claims: &[&Claim],
    held: &mut BTreeSet<Claim>,
) -> Result<(), DbError> {
    let mut parts = vec![claims];
    while let Some(part) = parts.pop() {
        if part.is_empty() || !is_held(conn, &probe(part)).await? {
            continue;
        }
        if let [one] = part {
            held.insert((*one).clone());
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([first, second]);
        }
    }
    Ok(())
}

async fn is_held(conn: &mut MySqlConnection, probe: &Text) -> Result<bool, DbError> {
    let mut packet = Packet::default();
    packet.add(probe);
    match packet.run(conn).await {
        Ok(_) => Ok(false),
        Err(DbError::LockTimeout(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

// Each key is looked up for itself, as a row of values that is joined: what is asked for stands in the index, so the server would
// walk a table that it thinks small for a list, and over the locks of strangers.

fn made_under(scopes: &[&Claim]) -> Text {
    by_scopes(
        scopes,
        ") as v (scope) straight_join bookings b force index (by_scope) on b.idempotency_scope = v.scope for share of b nowait",
    )
}

fn kept_under(scopes: &[&Claim]) -> Text {
    by_scopes(
        scopes,
        ") as v (scope) straight_join idempotency_keys k force index (primary) on k.scope = v.scope for share of k nowait",
    )
}

fn by_scopes(claims: &[&Claim], join: &'static str) -> Text {
    let scope = |claim: &&Claim| if let Claim::Scope(scope) = claim { Some(*scope.bytes()) } else { None };
    let mut sql = Text::new("select 1 from (values ");
    sql.separated(claims.iter().filter_map(scope), |sql, scope| {
        sql.push("row").row(&[&scope]);
    });
    sql.push(join);
    sql
}

fn named(references: &[&Claim]) -> Text {
    let name = |claim: &&Claim| match claim {
        Claim::Reference(user, name) => Some((user.uuid(), name.as_str().to_owned())),
        Claim::Booking(_)
        | Claim::Scope(_)
        | Claim::Holds(_)
        | Claim::Numbers(_)
        | Claim::Room(_)
        | Claim::Night(_) => None,
    };
    let mut sql = Text::new("select 1 from (values ");
    sql.separated(references.iter().filter_map(name), |sql, (user, name)| {
        sql.push("row").row(&[&user, &name]);
    });
    // In the character set of the column, or its index would not do.
    sql.push(
        ") as v (user_id, name) straight_join bookings b force index (by_reference) on b.user_id = v.user_id \
         and b.client_reference = convert(v.name using ascii) collate ascii_bin for share of b nowait",
    );
    sql
}

fn numbered(hotels: &[&Claim]) -> Text {
    let hotel = |claim: &&Claim| if let Claim::Numbers(hotel) = claim { Some(hotel.uuid()) } else { None };
    let mut sql = Text::new("select 1 from (values ");
    sql.separated(hotels.iter().filter_map(hotel), |sql, hotel| {
        sql.push("row").row(&[&hotel]);
    });
    sql.push(
        ") as v (hotel_id) straight_join invoice_counters c force index (primary) on c.hotel_id = v.hotel_id \
         for share of c nowait",
    );
    sql
}

fn sold(claims: &[&Claim]) -> Text {
    let nights: Vec<RoomNight> = claims.iter().filter_map(|claim| night(claim)).collect();
    let mut sql = nights_from("select 1 from ", &nights);
    sql.push(" for share of n nowait");
    sql
}
