//! Each booking of some parts looked up in the tables beside the one that it was read from, to name those that differ.

use std::future::ready;

use futures::{StreamExt as _, TryStreamExt as _, future::try_join_all};
use platform::causes::BoxError;
use uuid::Uuid;

use super::{
    super::Tally,
    sum::{Line, Parts},
    tables::{Copied, Other, Tables, line},
};

/// A booking as another table has to have it.
type AsThere = for<'a> fn(&'a Copied) -> Line<'a>;

/// Rows asked for side by side.
const SIDE_BY_SIDE: usize = 32;

/// Copies by id that differ from those by user and by hotel, and those that have no copy by id.
pub(super) async fn tables(tables: &Tables<'_>, parts: &Parts, tally: &mut Tally) -> Result<(), BoxError> {
    from_by_id(tables, parts, tally).await?;
    let others: [(&str, _, AsThere); 2] = [
        ("bookings_by_user", &tables.all_by_user, Copied::by_user),
        ("bookings_by_hotel", &tables.all_by_hotel, Copied::by_hotel),
    ];
    for (table, all, expected) in others {
        let rows = tables.lines(all).await?.try_filter(|row| ready(parts.have(row.3)));
        let mut chunks = rows.try_chunks(SIDE_BY_SIDE);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| error.1)?;
            for booking in to_by_id(tables, &chunk, expected).await? {
                tally.breach(|| format!("booking {booking}: {table} has what bookings_by_id has not"));
            }
        }
    }
    Ok(())
}

async fn from_by_id(tables: &Tables<'_>, parts: &Parts, tally: &mut Tally) -> Result<(), BoxError> {
    // A row that lacks a cell is told already.
    let whole = |row: Result<Copied, String>| ready(Ok(row.ok().filter(|copy| parts.have(copy.booking_id))));
    let mut chunks = tables.all_by_id().await?.try_filter_map(whole).try_chunks(SIDE_BY_SIDE);
    while let Some(chunk) = chunks.next().await {
        let copies = chunk.map_err(|error| error.1)?;
        let asked: Vec<_> = copies.iter().map(|copy| differs(tables, copy)).collect();
        for says in try_join_all(asked).await?.into_iter().flatten() {
            tally.breach(|| says);
        }
    }
    Ok(())
}

async fn differs(tables: &Tables<'_>, copy: &Copied) -> Result<Vec<String>, BoxError> {
    let (booking, content) = (copy.booking_id, Some(copy.content()));
    let mut wrong = Vec::new();
    if tables.content_by_user(copy).await? != content {
        wrong.push(format!("booking {booking}: bookings_by_user differs from bookings_by_id"));
    }
    if tables.content_by_hotel(copy).await? != content {
        wrong.push(format!("booking {booking}: bookings_by_hotel differs from bookings_by_id"));
    }
    Ok(wrong)
}

/// Those of a table's rows that stand where `bookings_by_id` puts no row, or are of another version or status than its own. What else of a row
/// is otherwise is told as seen from there.
async fn to_by_id(tables: &Tables<'_>, rows: &[Other], expected: AsThere) -> Result<Vec<Uuid>, BoxError> {
    let asked: Vec<_> = rows.iter().map(|row| tables.copy_by_id(row.3)).collect();
    let copies = try_join_all(asked).await?;
    let stray = rows.iter().zip(copies).filter(|(row, copy)| {
        match copy {
            Some(Ok(copy)) => !expected(copy).is_at(&line(row)),
            // It lacks a cell, which is told already.
            Some(Err(_)) => false,
            None => true,
        }
    });
    Ok(stray.map(|(row, _)| row.3).collect())
}

/// Of these purged bookings, those that are not in the archive.
pub(super) async fn purged(tables: &Tables<'_>, purged: &[Uuid], tally: &mut Tally) -> Result<(), BoxError> {
    for ids in purged.chunks(SIDE_BY_SIDE) {
        let asked: Vec<_> = ids.iter().map(|booking| tables.copy_by_id(*booking)).collect();
        for (booking, copy) in ids.iter().zip(try_join_all(asked).await?) {
            if copy.is_none() {
                tally.breach(|| format!("booking {booking} is purged and not in the archive"));
            }
        }
    }
    Ok(())
}
