//! Sections that several services have: how to reach a store, how a reader works. Their defaults stand once, in the kit.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{SettingProblem, SettingProblems};

/// The kit's own defaults, every key with its reason.
pub const KIT_DEFAULTS: &str = include_str!("../../kit.default.toml");
/// Where the kit's defaults keep them.
const SECTION: &str = "section";

/// Takes the sections out of the kit's defaults.
pub(super) fn take(defaults: &mut Table) -> Table {
    match defaults.remove(SECTION) {
        Some(Value::Table(sections)) => sections,
        Some(_) | None => Table::new(),
    }
}

/// Gives each section of a service what it leaves out, from the kit's section whose name its own name ends in:
/// `[hotel_consumer]` is a `consumer`. A section of sections, such as `[mysql]` with `[mysql.hotel]`, gives to each.
pub(super) fn fill(service: &mut Table, sections: &Table) {
    for (name, value) in service {
        let kind = name.rsplit('_').next().and_then(|kind| sections.get(kind)?.as_table());
        if let (Some(defaults), Value::Table(table)) = (kind, value) {
            let nested = !table.is_empty() && table.values().all(Value::is_table);
            if nested {
                table
                    .iter_mut()
                    .filter_map(|(_, inner)| inner.as_table_mut())
                    .for_each(|inner| add(inner, defaults));
            } else {
                add(table, defaults);
            }
        }
    }
}

fn add(table: &mut Table, defaults: &Table) {
    for (key, value) in defaults {
        table.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// One of the kit's sections by itself, with these keys set: for a tool that has no settings of its own, and for tests.
pub fn section<T: DeserializeOwned>(
    name: &str,
    set: impl IntoIterator<Item = (&'static str, Value)>,
) -> Result<T, SettingProblems> {
    let refused = |error: toml::de::Error| SettingProblems(vec![SettingProblem::new(name, error.message())]);
    let mut sections = take(&mut KIT_DEFAULTS.parse().map_err(refused)?);
    let mut table = match sections.remove(name) {
        Some(Value::Table(table)) => table,
        Some(_) | None => Table::new(),
    };
    table.extend(set.into_iter().map(|(key, value)| (key.to_owned(), value)));
    table.try_into().map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn a_section_takes_what_it_leaves_out_by_the_end_of_its_name() {
        let mut service =
            table("[hotel_consumer]\nqueue = 7\n[mysql.hotel]\nurl = 'a'\n[mysql.booking]\n[other]\n");
        let sections = table("[consumer]\nqueue = 1\nbatch = 2\n[mysql]\nmost = 3\n[redis]\nmost = 4\n");
        fill(&mut service, &sections);
        let expected = "[hotel_consumer]\nqueue = 7\nbatch = 2\n[mysql.hotel]\nurl = 'a'\nmost = 3\n\
                        [mysql.booking]\nmost = 3\n[other]\n";
        assert_eq!(service, table(expected));
    }
}
