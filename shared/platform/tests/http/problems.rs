//! docs/PROBLEMS.md, which every problem's `type` points to, is the enum `Code`.

use std::{collections::BTreeSet, path::Path};

use platform::api::{Code, FIELD_WORDS};

const PAGE: &str = include_str!("../../../../docs/PROBLEMS.md");

/// The code's line in the table.
fn row(code: Code) -> String {
    let retryable = if code.is_retryable() { "yes" } else { "no" };
    format!("| [`{0}`](#{0}) | {1} | {retryable} |", code.as_str(), code.status())
}

/// The code's heading and the first line below it.
fn section(code: Code) -> String {
    let retryable = if code.is_retryable() { "retryable" } else { "not retryable" };
    format!("## {} / {} · \"{}\" · {retryable}", code.as_str(), code.status(), code.title())
}

/// Fails with the lines to add and to remove, and for the order.
fn same(shown: &[String], wanted: &[String]) {
    let add: Vec<_> = wanted.iter().filter(|line| !shown.contains(line)).collect();
    let remove: Vec<_> = shown.iter().filter(|line| !wanted.contains(line)).collect();
    assert!(
        add.is_empty() && remove.is_empty(),
        "docs/PROBLEMS.md differs from Code: add {add:#?}, remove {remove:#?}"
    );
    assert_eq!(shown, wanted, "docs/PROBLEMS.md: each code once, in the order of Code::ALL");
}

#[test]
fn the_table_lists_every_code_with_its_status_and_no_other() {
    let shown: Vec<_> = PAGE.lines().filter(|line| line.starts_with("| [`")).map(str::to_owned).collect();
    same(&shown, &Code::ALL.iter().copied().map(row).collect::<Vec<_>>());
}

#[test]
fn every_code_has_a_section_with_its_status_title_and_retryability() {
    let sections = PAGE.split("\n## ").skip(1).map(|section| {
        let mut lines = section.lines().filter(|line| !line.trim().is_empty());
        format!("## {} / {}", lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
    });
    same(&sections.collect::<Vec<_>>(), &Code::ALL.iter().copied().map(section).collect::<Vec<_>>());
}

#[test]
fn the_table_of_words_lists_every_word_of_an_entry_and_no_other() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let shown: Vec<_> = rows.map(|(word, _)| word.to_owned()).collect();
    same(&shown, &FIELD_WORDS.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
}

/// The words that the sources make an `Invalid` with.
fn used(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(used(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let production = text.split("#[cfg(test)]").next().unwrap_or_default();
            let calls = production.split("Invalid::new(").skip(1);
            let words = calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next());
            found.extend(words.map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_word_of_an_invalid_value_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sources = [
        "shared/domain/src",
        "shared/platform/src",
        "hotel-service/src",
        "search-service/src",
        "booking-service/src",
        "booking-service/core/src",
        "booking-mgmt-service/src",
        "payment-sandbox/src",
    ];
    let used: BTreeSet<_> = sources.iter().flat_map(|folder| used(&root.join(folder))).collect();
    assert!(used.len() > 10, "{used:?}");
    let unlisted: Vec<_> = used.iter().filter(|word| !FIELD_WORDS.contains(&word.as_str())).collect();
    assert!(unlisted.is_empty(), "not in FIELD_WORDS: {unlisted:?}");
}

#[test]
fn every_section_says_when_it_happens_and_what_to_do() {
    for section in PAGE.split("\n## ").skip(1) {
        let says = section.contains("\n**When.** ") && section.contains("\n**What to do.** ");
        assert!(says, "docs/PROBLEMS.md lacks **When.** or **What to do.** in: {section}");
    }
}
