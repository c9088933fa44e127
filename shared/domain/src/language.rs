//! The grammar of language tags: BCP 47, well-formed by RFC 5646 (2.1 and 2.2.9).

use std::{iter::Peekable, str::Split};

/// The longest tag that is taken.
const LONGEST: usize = 100;

/// Registered before the grammar was, and outside it (RFC 5646 2.1, `irregular`).
const IRREGULAR: [&str; 17] = [
    "en-gb-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-be-fr",
    "sgn-be-nl",
    "sgn-ch-de",
];

/// Whether it is a language tag.
pub(crate) fn is_well_formed(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    tag.len() <= LONGEST && tag.split('-').all(subtag) && (IRREGULAR.contains(&&*tag) || is_regular(&tag))
}

/// The region of a well-formed tag, if it names one: `CH` of `de-CH-1996`.
pub(crate) fn region(tag: &str) -> Option<&str> {
    tag.split('-').skip(1).take_while(|part| part.len() > 1).find(|part| is_region(part))
}

fn is_regular(tag: &str) -> bool {
    let mut parts = tag.split('-').peekable();
    if parts.next_if_eq(&"x").is_some() {
        return parts.peek().is_some();
    }
    let Some(language) = parts.next_if(|part| (2..=8).contains(&part.len()) && is_alphabetic(part)) else {
        return false;
    };
    if language.len() <= 3 {
        for _ in 0..3 {
            parts.next_if(|part| part.len() == 3 && is_alphabetic(part));
        }
    }
    parts.next_if(|part| part.len() == 4 && is_alphabetic(part));
    parts.next_if(|part| is_region(part));
    has_variants_once(&mut parts) && has_extensions_once(&mut parts) && is_private_or_end(&mut parts)
}

fn has_variants_once(parts: &mut Peekable<Split<'_, char>>) -> bool {
    let is_variant = |part: &&str| match part.len() {
        4 => part.starts_with(|first: char| first.is_ascii_digit()),
        length => length >= 5,
    };
    let mut seen = Vec::new();
    while let Some(variant) = parts.next_if(is_variant) {
        if seen.contains(&variant) {
            return false;
        }
        seen.push(variant);
    }
    true
}

fn has_extensions_once(parts: &mut Peekable<Split<'_, char>>) -> bool {
    let mut seen = Vec::new();
    while let Some(singleton) = parts.next_if(|part| part.len() == 1 && *part != "x") {
        if seen.contains(&singleton) || parts.next_if(|part| part.len() >= 2).is_none() {
            return false;
        }
        while parts.next_if(|part| part.len() >= 2).is_some() {}
        seen.push(singleton);
    }
    true
}

fn is_private_or_end(parts: &mut Peekable<Split<'_, char>>) -> bool {
    match parts.next() {
        None => true,
        Some(part) => part == "x" && parts.peek().is_some(),
    }
}

fn is_region(part: &str) -> bool {
    (part.len() == 2 && is_alphabetic(part)) || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
}

fn is_alphabetic(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcp_47_is_taken_whole() {
        for tag in [
            "en",
            "de-CH",
            "pt-BR",
            "de-DE-u-co-phonebk",
            "zh-Hant-TW",
            "zh-yue-HK",
            "sr-Latn-RS",
            "es-419",
            "sl-rozaj-biske-1994",
            "de-CH-1996",
            "sl-IT-nedis",
            "en-US-u-islamcal",
            "zh-CN-a-myext-x-private",
            "en-a-myext-b-another",
            "de-Latn-DE-1996-x-a-b",
            "x-whatever",
            "i-klingon",
            "EN-gb-OED",
            "art-lojban",
            "qaa-Qaaa-QM-x-southern",
            "de-1901-1996",
        ] {
            assert!(is_well_formed(tag), "{tag}");
        }
    }

    #[test]
    fn what_is_no_tag_is_none() {
        for tag in [
            "",
            "x",
            "a",
            "de-",
            "-de",
            "de--CH",
            "de_CH",
            "de-419-DE",
            "a-DE",
            "ar-a-aaa-b-bbb-a-ccc",
            "de-1996-1996",
            "en-u",
            "en-x",
            "deutschland",
            "de-abcdefghi",
            "de CH",
            "dé",
        ] {
            assert!(!is_well_formed(tag), "{tag}");
        }
    }

    #[test]
    fn a_region_is_found_before_the_extensions() {
        for (tag, found) in
            [("de-CH-1996", Some("CH")), ("es-419", Some("419")), ("de-Latn", None), ("de-u-co-zh", None)]
        {
            assert_eq!(region(tag), found, "{tag}");
        }
    }
}
