//! Rules on source files: length, names, how they begin.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{breach::Breach, style};
use crate::failure::{Doing, Outcome};

/// A file without its tests; 300 is what we aim at.
const MOST_LINES: usize = 500;
/// A `src/main.rs` says what is started, and nothing else.
const MOST_LINES_OF_MAIN: usize = 40;
/// A handler reads its request, calls one thing and answers.
const MOST_LINES_OF_HANDLER: usize = 30;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 10] =
    ["utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "utilities", "stuff"];

#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// All source files of a crate.
pub(super) fn of(package: &Path) -> Outcome<Vec<Source>> {
    let mut found = Vec::new();
    for part in ["src", "tests", "benches", "examples"] {
        collect(&package.join(part), &mut found)?;
    }
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<Source>) -> Outcome {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).doing("reading", folder)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).doing("reading", &path)?;
            found.push(Source { path, text });
        }
    }
    Ok(())
}

/// Every rule that this file does not keep.
pub(super) fn check(source: &Source) -> Vec<Breach> {
    let rules = [
        length(source),
        main(source),
        handler(source),
        name(source),
        mod_rs(source),
        test_binary(source),
        allowed(source),
        imports(source),
    ];
    let found = rules.into_iter().flatten();
    found.map(|(what, remedy)| Breach { place: source.path.clone(), what, remedy }).collect()
}

type Finding = Option<(String, &'static str)>;

fn length(source: &Source) -> Finding {
    let lines = lines_without_tests(&source.text);
    let is_test = source.has_part("tests") || source.stem() == "tests";
    (lines > MOST_LINES && !is_test).then(|| {
        (
            format!("{lines} lines without tests, {MOST_LINES} at most"),
            "split it where a reader would look for the second half",
        )
    })
}

fn main(source: &Source) -> Finding {
    let lines = source.text.lines().count();
    let is_main = source.path.ends_with("src/main.rs");
    (is_main && lines > MOST_LINES_OF_MAIN).then(|| {
        (
            format!("main.rs has {lines} lines, {MOST_LINES_OF_MAIN} at most"),
            "move what it does into the library it starts",
        )
    })
}

/// The first `fn handle` of an endpoint that is too long.
fn handler(source: &Source) -> Finding {
    if !(source.has_part("src") && source.has_part("api")) {
        return None;
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let long = (0..lines.len()).find_map(|from| Some((from + 1, handler_length(lines.get(from..)?)?)));
    let (line, length) = long.filter(|(_, length)| *length > MOST_LINES_OF_HANDLER)?;
    Some((
        format!("the handler at line {line} has {length} lines, {MOST_LINES_OF_HANDLER} at most"),
        "name its steps: what is read from the request, what is decided, what is answered",
    ))
}

/// The lines of a function named `handle`, if one begins here: rustfmt ends it with a brace where it began.
fn handler_length(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?;
    let begins = first.trim_start();
    let plain = begins.trim_start_matches("pub ").trim_start_matches("async ");
    plain.strip_prefix("fn handle")?.strip_prefix(['(', '<'])?;
    let indent = first.get(..first.len() - begins.len())?;
    let ends = |line: &&str| line.strip_prefix(indent).is_some_and(|rest| rest == "}");
    lines.iter().position(ends).map(|last| last + 1)
}

fn name(source: &Source) -> Finding {
    let path = source.path.with_extension("");
    let crate_part = path.components().rev().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let inside: Vec<String> =
        crate_part.take_while(|part| !matches!(part.as_str(), "src" | "tests")).collect();
    let inline = source.text.lines().filter_map(inline_module).map(str::to_owned);
    let empty = inside.into_iter().chain(inline).find(|part| EMPTY_NAMES.contains(&part.as_str()));
    empty.map(|name| (format!("a module named `{name}`"), "name it after what it does"))
}

/// The name in `mod name {`.
fn inline_module(line: &str) -> Option<&str> {
    line.trim_start().trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(" {")
}

fn mod_rs(source: &Source) -> Finding {
    let is = source.path.file_name().is_some_and(|name| name == "mod.rs");
    is.then(|| ("mod.rs".to_owned(), "modules are self-named: move `x/mod.rs` to `x.rs`"))
}

fn test_binary(source: &Source) -> Finding {
    let in_folder =
        source.path.parent().and_then(Path::parent).is_some_and(|folder| folder.ends_with("tests"));
    let is = in_folder && source.path.file_name().is_some_and(|name| name == "main.rs");
    let first = source.text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"));
    (is && first != Some("#![cfg(test)]")).then(|| {
        ("does not begin with #![cfg(test)]".to_owned(), "add it: the lints then know that this is a test")
    })
}

fn allowed(source: &Source) -> Finding {
    let begins = |line: &str| line.starts_with("#[allow(") || line.starts_with("#![allow(");
    let place = source.text.lines().position(|line| begins(line.trim_start()))?;
    Some((
        format!("an `allow` at line {}", place + 1),
        "use #[expect(lint, reason = \"...\")]: it tells when it is no longer needed",
    ))
}

fn imports(source: &Source) -> Finding {
    let (line, says) = style::check(&source.text)?;
    Some((format!("the imports at line {line}: {says}"), "let one `use` per crate stand in its group"))
}

/// Lines outside the module of unit tests.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |pair: &[&str]| matches!(pair, [first, second] if *first == "#[cfg(test)]" && second.starts_with("mod "));
    let Some(first) = lines.windows(2).position(begins) else { return lines.len() };
    let tests = lines.iter().skip(first).position(|line| *line == "}").map_or(lines.len(), |last| last + 1);
    lines.len().saturating_sub(tests)
}

impl Source {
    fn has_part(&self, name: &str) -> bool {
        self.path.components().any(|part| part.as_os_str() == name)
    }

    fn stem(&self) -> String {
        self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.into(), text: text.to_owned() };
        check(&source).into_iter().map(|breach| breach.what).collect()
    }

    #[test]
    fn unit_tests_do_not_count_as_length() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// test\n".repeat(600));
        assert_eq!(
            breaches("a/src/x.rs", &format!("{}{tests}", "// code\n".repeat(500))),
            Vec::<String>::new()
        );
        assert_eq!(breaches("a/src/x.rs", &"// code\n".repeat(501)).len(), 1);
        assert_eq!(breaches("a/tests/api/x.rs", &"// test\n".repeat(600)).len(), 0);
    }

    #[test]
    fn what_follows_the_unit_tests_counts() {
        let tests = "#[cfg(test)]\nmod tests {\n    fn a() {\n    }\n}\n";
        assert_eq!(breaches("a/src/x.rs", &format!("{tests}{}", "// code\n".repeat(500))).len(), 0);
        assert_eq!(breaches("a/src/x.rs", &format!("{tests}{}", "// code\n".repeat(501))).len(), 1);
    }

    #[test]
    fn a_handler_is_short() {
        let handler = |body: usize| {
            let body = "    if x {\n    }\n".repeat(body / 2);
            format!(
                "use x;\n\nasync fn handle(\n    shared: Shared,\n) -> Result<Answer, Problem> {{\n{body}}}\n"
            )
        };
        assert_eq!(breaches("a/src/api/x/get.rs", &handler(26)), Vec::<String>::new());
        let says = ["the handler at line 3 has 32 lines, 30 at most"];
        assert_eq!(breaches("a/src/api/x/get.rs", &handler(28)), says);
        assert_eq!(breaches("a/src/jobs/x.rs", &handler(28)), Vec::<String>::new());
    }

    #[test]
    fn main_is_short() {
        assert_eq!(breaches("a/src/main.rs", &"// code\n".repeat(41)).len(), 1);
        assert_eq!(breaches("a/src/domain.rs", &"// code\n".repeat(41)).len(), 0);
    }

    #[test]
    fn empty_names_are_found_as_file_folder_and_inline_module() {
        assert_eq!(breaches("a/src/utils.rs", ""), ["a module named `utils`"]);
        assert_eq!(breaches("a/src/helpers/x.rs", ""), ["a module named `helpers`"]);
        assert_eq!(breaches("a/src/x.rs", "mod common {\n}"), ["a module named `common`"]);
        assert_eq!(breaches("common/src/x.rs", "use crate::uncommon;"), Vec::<String>::new());
    }

    #[test]
    fn a_test_binary_says_that_it_is_one() {
        assert_eq!(breaches("a/tests/api/main.rs", "//! Docs.\n\n#![cfg(test)]\n").len(), 0);
        assert_eq!(breaches("a/tests/api/main.rs", "//! Docs.\nmod x;\n").len(), 1);
    }

    #[test]
    fn mod_rs_and_allow_are_found() {
        assert_eq!(breaches("a/src/x/mod.rs", ""), ["mod.rs"]);
        assert_eq!(breaches("a/src/x.rs", "fn a() {}\n    #[allow(dead_code)]\n"), ["an `allow` at line 2"]);
    }
}
