//! Folding: one spelling for a word in every script, accent and case.
//!
//! Done here and not by the search engine, so that the same requests mean the same on every engine
//! (stack.md: no asciifolding there).

use unicode_normalization::UnicodeNormalization;

/// The most tokens one text gives; what comes after is left out.
pub const MAX_TOKENS: usize = 64;

/// The longest token in bytes; a longer word is cut there.
pub const MAX_TOKEN_BYTES: usize = 40;

/// Folds text to lower-case ASCII words joined by single spaces: `Malé` and `MALE` to `male`,
/// `Москва` to `moskva`, `東京` to `dong jing`, `L'Aquila` to `laquila`.
pub fn fold(text: &str) -> String {
    tokens(text).join(" ")
}

/// The words of [`fold`], at most [`MAX_TOKENS`].
pub fn tokens(text: &str) -> Vec<String> {
    let composed: String = text.nfkc().filter(|c| !is_joiner(*c)).collect();
    let ascii = deunicode::deunicode_with_tofu(&composed, "");
    ascii
        .split(|c: char| !c.is_ascii_alphanumeric() && !is_joiner(c))
        .map(|word| {
            word.chars().filter(char::is_ascii_alphanumeric).take(MAX_TOKEN_BYTES).collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .map(|word| word.to_ascii_lowercase())
        .take(MAX_TOKENS)
        .collect()
}

/// Apostrophes stand inside a word, they do not part two.
fn is_joiner(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{02BB}' | '`' | '\u{00B4}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_case_and_scripts_fold_to_one_spelling() {
        for (text, folded) in [
            ("Malé", "male"),
            ("  SÃO   Paulo", "sao paulo"),
            ("Москва", "moskva"),
            ("L'Aquila", "laquila"),
            ("L\u{2019}Aquila", "laquila"),
            ("Straße", "strasse"),
            ("東京", "dong jing"),
            ("Ｔｏｋｙｏ", "tokyo"),
            ("", ""),
            ("🏨", "hotel"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn folded_text_is_lower_case_ascii_words(text in any::<String>()) {
            prop_assert!(fold(&text).bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b' '));
        }
    }
}
