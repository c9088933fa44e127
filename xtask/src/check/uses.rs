//! What a source file imports: its `use` statements taken apart and the paths that it writes out, those of tests left out.

/// One imported name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// As written, such as `crate`, `a`, `B`.
    pub(super) path: Vec<String>,
    /// What it is called here.
    pub(super) name: String,
    /// Whether it is handed on (`pub use`): the file is then the face of the one that defines it.
    pub(super) handed_on: bool,
}

/// Every import of a file.
pub(super) fn of(text: &str) -> Vec<Import> {
    let mut found = Vec::new();
    for (handed_on, statement) in taken_apart(text).0 {
        let tree = statement.split_once("use ").map_or(statement.as_str(), |(_, tree)| tree);
        expand(&[], tree, &mut |path, name| found.push(Import { path, name, handed_on }));
    }
    found
}

/// Every path that a file writes out where it needs it, such as `super::a::B`. A module that calls its own children by
/// their names is their face.
pub(super) fn written_out(text: &str) -> Vec<Vec<String>> {
    let code = taken_apart(text).1.into_iter().map(without_strings).collect::<Vec<_>>();
    let words = code
        .iter()
        .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '$'))));
    let parts = |word: &str| word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    words
        .filter(|word| ["crate::", "super::", "self::"].iter().any(|from| word.starts_with(from)))
        .map(parts)
        .collect()
}

/// The `use` statements, with whether they hand on, and all other lines.
fn taken_apart(text: &str) -> (Vec<(bool, String)>, Vec<&str>) {
    let (mut statements, mut others) = (Vec::new(), Vec::new());
    let mut open: Option<(bool, String)> = None;
    for line in production(text) {
        let begun = open.take().or_else(|| begin(line).map(|handed_on| (handed_on, String::new())));
        let Some((handed_on, before)) = begun else {
            others.push(line);
            continue;
        };
        let all = format!("{before} {}", line.trim());
        match all.split_once(';') {
            Some((statement, _)) => statements.push((handed_on, statement.to_owned())),
            None => open = Some((handed_on, all)),
        }
    }
    (statements, others)
}

/// The line with its literals and its closing comment left out: what is quoted there is no code.
fn without_strings(line: &str) -> String {
    let plain = line.replace("\\\\", "").replace("\\\"", "").replace("'\"'", "");
    let code: Vec<&str> = plain.split('"').step_by(2).collect();
    let code = code.join(" ");
    code.split_once("// ").map_or(code.as_str(), |(code, _)| code).to_owned()
}

/// The modules that a file declares for tests only.
pub(super) fn test_modules(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter_map(|pair| match pair {
        ["#[cfg(test)]", declaration] => declaration.rsplit_once("mod ")?.1.strip_suffix(';'),
        _ => None,
    });
    declared.collect()
}

/// Whether a `use` statement begins here, and whether it hands on.
fn begin(line: &str) -> Option<bool> {
    let line = line.trim_start();
    let rest = line
        .strip_prefix("pub ")
        .or_else(|| line.strip_prefix("pub(")?.split_once(") ").map(|(_, rest)| rest));
    rest.unwrap_or(line).starts_with("use ").then_some(rest.is_some())
}

fn expand(before: &[String], tree: &str, found: &mut impl FnMut(Vec<String>, String)) {
    let (head, inner) = match tree.split_once('{') {
        Some((head, rest)) => (head, rest.rsplit_once('}').map(|(inner, _)| inner)),
        None => (tree, None),
    };
    let (head, alias) =
        head.split_once(" as ").map_or((head, None), |(head, alias)| (head, Some(alias.trim())));
    let parts = head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned);
    let path: Vec<String> = before.iter().cloned().chain(parts).collect();
    if let Some(inner) = inner {
        for branch in branches(inner) {
            expand(&path, branch, found);
        }
    } else if let Some(last) = path.last() {
        let name = alias.unwrap_or(last).to_owned();
        let is_self = last == "self" && path.len() > 1;
        let path = if is_self { path.iter().take(path.len() - 1).cloned().collect() } else { path.clone() };
        found(path, name);
    }
}

/// The parts between commas that stand in no inner braces.
fn branches(inner: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = inner.split(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The lines that are neither comments nor for tests.
pub(super) fn production(text: &str) -> Vec<&str> {
    let (mut kept, mut is_test, mut until) = (Vec::new(), false, None::<String>);
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(end) = &until {
            if line.starts_with(end.as_str()) {
                until = None;
            }
        } else if trimmed == "#[cfg(test)]" {
            is_test = true;
        } else if is_test {
            is_test = trimmed.starts_with("#[");
            if !is_test && !trimmed.ends_with([';', '}']) {
                let indent = line.len() - line.trim_start().len();
                until = Some(format!("{}}}", " ".repeat(indent)));
            }
        } else if !trimmed.starts_with("//") {
            kept.push(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        of(text).iter().map(|import| format!("{}={}", import.path.join("::"), import.name)).collect()
    }

    #[test]
    fn trees_are_taken_apart() {
        let text = "use std::fmt;\nuse crate::{\n    a::{self, B},\n    c::D as E,\n};\n";
        assert_eq!(paths(text), ["std::fmt=fmt", "crate::a=self", "crate::a::B=B", "crate::c::D=E"]);
    }

    #[test]
    fn what_is_handed_on_is_told() {
        let found = of("pub use a::B;\npub(crate) use c::D;\nuse e::F;\n");
        assert_eq!(found.iter().map(|import| import.handed_on).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn tests_and_comments_import_nothing() {
        let text = "// use a::B;\n#[cfg(test)]\nuse c::D;\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\nuse e::F;\n";
        assert_eq!(paths(text), ["e::F=F"]);
        assert_eq!(test_modules("mod a;\n#[cfg(test)]\npub(crate) mod b;\n"), ["b"]);
    }

    #[test]
    fn paths_that_are_written_out_are_found_where_they_are_code() {
        let text = "use a::B;\nfn f(x: super::c::C) -> Vec<u8> {\n    n::o(); crate::d::e::<u8>(::f::g, $crate::h::i, \"super::j::K\") // super::l::M\n}\n";
        let found: Vec<String> = written_out(text).iter().map(|path| path.join("::")).collect();
        assert_eq!(found, ["super::c::C", "crate::d::e"]);
    }
}
