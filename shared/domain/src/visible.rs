//! Which characters can be seen, and which only hide: the one rule for all text from outside.

use std::iter;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// Letters and signs that are drawn as nothing.
const BLANKS: &[char] = &[
    '\u{115f}',
    '\u{1160}',
    '\u{17b4}',
    '\u{17b5}',
    '\u{2800}',
    '\u{303f}',
    '\u{3164}',
    '\u{ffa0}',
    '\u{fffc}',
    '\u{13441}',
    '\u{13442}',
    '\u{1d159}',
];
const JOINER: char = '\u{200d}';
const NON_JOINER: char = '\u{200c}';

/// Whether a character in this text breaks the line, turns the reading direction or cannot be seen where it stands.
pub(crate) fn hides_something(text: &str) -> bool {
    let after = text.chars().skip(1).map(Some).chain(iter::once(None));
    let before = iter::once(None).chain(text.chars().map(Some));
    before.zip(text.chars()).zip(after).any(|((before, c), after)| hides(before, c, after))
}

/// Whether there is something to see: a letter, a digit, a sign. Marks and blanks alone are nothing.
pub(crate) fn shows_something(text: &str) -> bool {
    text.chars().any(is_base)
}

fn hides(before: Option<char>, c: char, after: Option<char>) -> bool {
    if is_selector(c) {
        return !before.is_some_and(is_base);
    }
    match c {
        // Persian and Indic scripts spell with both, emoji are joined by the first.
        JOINER => !(before.is_some_and(joins) && after.is_some_and(is_base)),
        NON_JOINER => !(before.is_some_and(spells) && after.is_some_and(is_letter)),
        '\u{34f}' => true,
        _ => {
            BLANKS.contains(&c)
                || is_noncharacter(c)
                || matches!(
                    c.general_category(),
                    GeneralCategory::Format
                        | GeneralCategory::LineSeparator
                        | GeneralCategory::ParagraphSeparator
                )
        }
    }
}

/// A variation selector: it says how the character before it is drawn.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Never a character, or not yet one in the blocks that are kept for what is not drawn.
fn is_noncharacter(c: char) -> bool {
    let code = u32::from(c);
    code & 0xfffe == 0xfffe
        || matches!(c, '\u{2065}' | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

/// Letters, and the marks that are written on them.
fn spells(c: char) -> bool {
    is_letter(c) || c.general_category_group() == GeneralCategoryGroup::Mark
}

fn joins(c: char) -> bool {
    is_base(c) || is_selector(c) || c.general_category_group() == GeneralCategoryGroup::Mark
}

fn is_base(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Mark, Number, Other, Punctuation, Separator, Symbol};

    match c.general_category_group() {
        Letter | Number | Punctuation | Symbol => !BLANKS.contains(&c),
        Mark | Separator | Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_in_any_script_is_let_through() {
        for text in [
            "O'Connor-Šťastná",
            "می‌خواهم",       // ZWNJ in Persian
            "ക്‍ഷ",            // ZWJ behind a mark in Malayalam
            "葛\u{e0100}城", // the form of a Japanese name
            "👨‍👩‍👧 1️⃣ ☀️ 🏳️‍🌈",
            "Ünal, 東京 ホテル",
            "-",
        ] {
            assert!(!hides_something(text), "{text:?}");
            assert!(shows_something(text), "{text:?}");
        }
    }

    #[test]
    fn what_hides_is_found_wherever_it_stands() {
        for text in [
            "a\u{ad}b",
            "a\u{61c}b",
            "a\u{200b}b",
            "a\u{202e}b",
            "a\u{2028}b",
            "a\u{2029}b",
            "a\u{2060}b",
            "a\u{feff}b",
            "\u{e0041}",
            "a\u{e0001}",
            "a\u{34f}b",
            "\u{3164}",
            "a\u{115f}",
            "\u{2800}",
            "\u{200d}",
            "a\u{200d}",
            "\u{200d}a",
            "a \u{200d}b",
            "a\u{200c} b",
            "1\u{200c}2",
            "\u{fe0f}",
            "a\u{fe0f}\u{fe0f}",
            " \u{fe0f}",
            "\u{180e}",
            "\u{ffff}",
            "a\u{fff9}b",
            "a\u{13441}b",
            "\u{13442}",
            "a\u{303f}",
        ] {
            assert!(hides_something(text), "{text:?}");
        }
    }

    #[test]
    fn marks_and_spaces_alone_show_nothing() {
        for text in ["", " ", "\u{301}", "\u{a0}\u{3000}", "\u{e000}"] {
            assert!(!shows_something(text), "{text:?}");
        }
    }
}
