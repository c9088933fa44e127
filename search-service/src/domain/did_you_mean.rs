//! "Did you mean": the query as the best result spells it.

use super::{
    document::RoomDocument,
    entry::Entry,
    ranking::{Cost, Field},
    words::Word,
};

/// The words as `document`, the best result, spells them; none if every one was spelt right.
pub fn did_you_mean(words: &[Word], document: &RoomDocument) -> Option<String> {
    let entry = Entry::of(document);
    let found: Option<Vec<Found<'_>>> = words.iter().map(|word| find(word, &entry)).collect();
    let found = found?;
    found.iter().any(|found| found.misspelt).then(|| {
        let spelt: Vec<String> = found.iter().map(|found| spell(found, document)).collect();
        spelt.join(" ")
    })
}

struct Found<'a> {
    misspelt: bool,
    field: Field,
    indexed: &'a str,
}

fn find<'a>(word: &Word, entry: &'a Entry) -> Option<Found<'a>> {
    let in_field = |field: Field| {
        field.words(entry).iter().filter_map(move |indexed| {
            let edits = word.edits_to(indexed)?;
            Some((Cost::of(edits, field), Found { misspelt: edits > 0, field, indexed }))
        })
    };
    let best = Field::ALL.into_iter().flat_map(in_field).min_by_key(|(cost, _)| *cost);
    best.map(|(_, found)| found)
}

/// The word as people write it there, else with a capital.
fn spell(found: &Found<'_>, document: &RoomDocument) -> String {
    let hotel = document.hotel.as_ref();
    let text = match found.field {
        Field::Place => hotel.map(|hotel| hotel.locality.name.clone()),
        Field::Name => hotel.map(|hotel| hotel.name.clone()),
        Field::Country => {
            hotel.map(|hotel| hotel.locality.country_code.names().collect::<Vec<_>>().join(" "))
        }
        Field::Facility => return found.indexed.to_owned(),
    };
    let text = text.unwrap_or_default();
    let as_written = text.split_whitespace().find(|part| domain::fold::fold(part) == found.indexed);
    as_written.map_or_else(|| capitalised(found.indexed), str::to_owned)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples;

    #[test]
    fn misspelt_words_are_spelt_as_the_best_result_has_them() {
        let room = samples::room_in(&samples::hotel("Hotel Paradiso", "Malé", "MV"));
        for (asked, meant) in [
            ("maldvies", Some("Maldives")),
            ("maleee hotle", Some("Malé Hotel")),
            ("paradsio mael", Some("Paradiso Malé")),
            ("Paradiso Male", None),
            ("nowhere", None),
        ] {
            assert_eq!(did_you_mean(&Word::all_of(asked), &room).as_deref(), meant, "{asked}");
        }
    }
}
