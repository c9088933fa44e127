//! One style of imports: one `use` for each crate; std first, then other crates, then our own, blank lines between.

/// A `use` statement as it stands.
#[derive(Debug, PartialEq, Eq)]
struct Statement<'a> {
    indent: usize,
    /// The first word of its path, with what makes it public.
    root: &'a str,
    rank: u8,
    /// Whether a blank line stands before it.
    apart: bool,
}

/// The first line whose imports are not in the style, and what is wrong there.
pub(super) fn check(text: &str) -> Option<(usize, &'static str)> {
    let mut block: Vec<Statement<'_>> = Vec::new();
    let (mut apart, mut within, mut alone) = (false, false, false);
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if within {
            within = !trimmed.ends_with(';');
        } else if trimmed.is_empty() {
            apart = true;
        } else if let Some(statement) = read(line, apart) {
            within = !trimmed.ends_with(';');
            // What an attribute or a comment stands before is a matter of its own.
            let told = if alone { None } else { wrong(&block, &statement) };
            if let Some(says) = told {
                return Some((at + 1, says));
            }
            if alone {
                block.clear();
            } else {
                block.push(statement);
            }
            (apart, alone) = (false, false);
        } else {
            alone = trimmed.starts_with('#') || (trimmed.starts_with("//") && !trimmed.starts_with("//!"));
            apart = false;
            block.clear();
        }
    }
    None
}

fn read(line: &str, apart: bool) -> Option<Statement<'_>> {
    let begun = line.trim_start();
    let public = begun.starts_with("pub");
    let (_, tree) =
        begun.split_once("use ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"))?;
    let end = tree.trim_start_matches("::");
    let root = end.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    let rank = match root {
        _ if public => 3,
        "std" | "core" | "alloc" => 0,
        "crate" | "super" | "self" => 2,
        _ => 1,
    };
    Some(Statement { indent: line.len() - begun.len(), root, rank, apart })
}

fn wrong(block: &[Statement<'_>], next: &Statement<'_>) -> Option<&'static str> {
    let last = block.last().filter(|last| last.indent == next.indent)?;
    let again = |one: &&Statement<'_>| one.root == next.root && one.rank == next.rank && next.rank < 3;
    if block.iter().any(|one| again(&one)) {
        Some("a second `use` of the same crate: one tree for each")
    } else if next.rank < last.rank {
        Some("std comes first, then other crates, then our own, then what is handed on")
    } else if (next.rank != last.rank) != next.apart {
        Some("a blank line stands between std, other crates, our own and what is handed on, nowhere else")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_apart_in_their_order() {
        assert_eq!(
            check("use std::fmt;\n\nuse a::{\n    b,\n    c,\n};\nuse d::e;\n\nuse super::f;\n"),
            None
        );
        assert_eq!(check("use a::b;\n\nuse std::fmt;\n").map(|(line, _)| line), Some(3));
        assert_eq!(check("use std::fmt;\nuse a::b;\n").map(|(line, _)| line), Some(2));
        assert_eq!(check("use a::b;\n\nuse c::d;\n").map(|(line, _)| line), Some(3));
    }

    #[test]
    fn a_crate_is_imported_in_one_tree() {
        assert!(check("use a::b;\nuse a::c;\n").is_some_and(|(_, says)| says.contains("second")));
    }

    #[test]
    fn modules_and_attributes_part_what_stands_around_them() {
        assert_eq!(check("use a::b;\n\nmod x;\n\nuse std::fmt;\n\n#[cfg(test)]\nuse a::c;\n"), None);
    }
}
