//! Each booking of some parts looked up in the tables beside the one that it was read from, to name those that differ.

use std::future::ready;

use futures::{StreamExt as _, TryStreamExt as _, future::try_join_all};
use platform::causes::BoxError;
use uuid::Uuid;

use super::{
    super::Tally,
    sum::Parts,
    tables::{Copied, Tables},
};

/// Rows asked for side by side.
const SIDE_BY_SIDE: usize = 32;

/// Copies by id that differ from those by user and by hotel, and those that have no copy by id.
pub(super) async fn tables(tables: &Tables<'_>, parts: &Parts, tally: &mut Tally) -> Result<(), BoxError> {
    from_by_id(tables, parts, tally).await?;
    let others = [("bookings_by_user", &tables.all_by_user), ("bookings_by_hotel", &tables.all_by_hotel)];
    for (table, all) in others {
        let lines = tables.lines(all).await?.try_filter(|line| ready(parts.have(line.3)));
        let mut chunks = lines.try_chunks(SIDE_BY_SIDE);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| error.1)?;
            let versions = chunk.iter().map(|line| (line.3, line.4)).collect::<Vec<_>>();
            to_by_id(tables, (table, &versions), tally).await?;
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

async fn to_by_id(
    tables: &Tables<'_>,
    (table, versions): (&str, &[(Uuid, Option<i64>)]),
    tally: &mut Tally,
) -> Result<(), BoxError> {
    let asked: Vec<_> = versions.iter().map(|(booking, _)| tables.content_by_id(*booking)).collect();
    for ((booking, version), by_id) in versions.iter().zip(try_join_all(asked).await?) {
        if by_id.is_none_or(|content| content.0 != *version) {
            tally.breach(|| format!("booking {booking}: {table} has what bookings_by_id has not"));
        }
    }
    Ok(())
}

/// Of these purged bookings, those that are not in the archive.
pub(super) async fn purged(tables: &Tables<'_>, purged: &[Uuid], tally: &mut Tally) -> Result<(), BoxError> {
    for ids in purged.chunks(SIDE_BY_SIDE) {
        let asked: Vec<_> = ids.iter().map(|booking| tables.content_by_id(*booking)).collect();
        for (booking, content) in ids.iter().zip(try_join_all(asked).await?) {
            if content.is_none() {
                tally.breach(|| format!("booking {booking} is purged and not in the archive"));
            }
        }
    }
    Ok(())
}
