//! A setting is said once and read by somebody.

use std::{collections::BTreeSet, path::Path};

use toml::{Table, Value};

use super::{breach::Breach, uses};

/// Where the kit's defaults for sections of services stand.
const SECTION: &str = "section";

/// A file of defaults.
pub(super) struct Defaults<'a> {
    pub(super) place: &'a Path,
    /// What stands in it.
    pub(super) text: &'a str,
    /// The words that the code which reads it uses.
    pub(super) words: &'a BTreeSet<String>,
}

/// Keys that no code reads, and defaults that say again what `kit` says.
pub(super) fn check(defaults: &Defaults<'_>, kit: &str) -> Vec<Breach> {
    let is_kit = defaults.text == kit;
    let (Ok(own), Ok(kit)) = (defaults.text.parse::<Table>(), kit.parse::<Table>()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    leaves(&own, &mut Vec::new(), &mut |path, value| {
        let breach = |what: String, remedy| Breach { place: defaults.place.to_owned(), what, remedy };
        let key = path.join(".");
        let names = path.iter().skip(if is_kit { path.len().saturating_sub(1) } else { 0 });
        if let Some(unread) = names.into_iter().find(|part| !defaults.words.contains(**part)) {
            found.push(breach(format!("no code reads `{unread}` of `{key}`"), "read it or take it out"));
        } else if !is_kit && of_kit(&kit, path) == Some(value) {
            found.push(breach(
                format!("`{key}` says again what the kit says"),
                "take it out: the kit's default stands",
            ));
        }
    });
    found
}

/// The words of a source by which something is read, not only declared or given (`word:`).
pub(super) fn words(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let code = uses::production(text).into_iter().flat_map(|line| line.split('"').step_by(2));
    code.for_each(|code| read(code, &mut found));
    found
}

fn read(code: &str, found: &mut BTreeSet<String>) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = code;
    while let Some((_, from)) = rest.find(is_word).and_then(|at| rest.split_at_checked(at)) {
        let end = from.find(|c| !is_word(c)).unwrap_or(from.len());
        let Some((word, after)) = from.split_at_checked(end) else { break };
        if !after.starts_with(':') || after.starts_with("::") {
            found.insert(word.to_owned());
        }
        rest = after;
    }
}

/// Every key with its value. A table is a section if it is the first one or stands among tables alone.
fn leaves<'a>(table: &'a Table, before: &mut Vec<&'a str>, found: &mut impl FnMut(&[&str], &Value)) {
    let sections = table.values().all(Value::is_table);
    for (key, value) in table {
        let inner = value.as_table().filter(|inner| (sections || before.is_empty()) && !inner.is_empty());
        before.push(key);
        match inner {
            Some(inner) => leaves(inner, before, found),
            None => found(before, value),
        }
        before.pop();
    }
}

/// What the kit says of a service's key: of `[kit]` itself, or of the section whose name ends that of the key's section.
fn of_kit<'a>(kit: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let kind = path.first()?.rsplit('_').next()?;
    match path {
        ["kit", part, key] => kit.get("kit")?.get(part)?.get(key),
        _ => kit.get(SECTION)?.get(kind)?.get(path.last()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIT: &str =
        "[kit.http]\nworkers = 0\n[section.mysql]\nmost = 16\n[section.consumer]\nqueue = 100\n";

    fn breaches(text: &str, code: &str) -> Vec<String> {
        let words = words(code);
        let defaults = Defaults { place: Path::new("a/config.default.toml"), text, words: &words };
        check(&defaults, KIT).into_iter().map(|breach| breach.what).collect()
    }

    #[test]
    fn a_key_that_no_code_reads_is_found() {
        let code = "pub struct Jobs {\n    pub every_ms: u64,\n    pub batch: u32,\n}\nfn f() { settings.jobs.every_ms }\n";
        assert_eq!(breaches("[jobs]\nevery_ms = 1\n", code), Vec::<String>::new());
        assert_eq!(breaches("[jobs]\nbatch = 1\n", code), ["no code reads `batch` of `jobs.batch`"]);
        assert_eq!(breaches("[retry]\nevery_ms = 1\n", code), ["no code reads `retry` of `retry.every_ms`"]);
    }

    #[test]
    fn a_default_that_the_kit_has_is_not_said_again() {
        let code = "mysql.hotel.most; hotel_consumer.queue; kit.http.workers";
        let text = "[kit.http]\nworkers = 0\n[mysql.hotel]\nmost = 16\n[hotel_consumer]\nqueue = 7\n";
        assert_eq!(
            breaches(text, code),
            [
                "`kit.http.workers` says again what the kit says",
                "`mysql.hotel.most` says again what the kit says"
            ]
        );
    }
}
