//! Mails as text and as HTML, in the booking's language, from the files in `templates/`.
//!
//! A mail's file gives its subject (first line) and its paragraphs; the two layouts put them together with the booking's
//! facts. The HTML layout escapes all of them.

mod catalog;
mod facts;

use std::collections::BTreeMap;

use domain::{
    Language,
    booking::BookingRecord,
    event::{BookingEvent, BookingHappening},
};
use minijinja::{Environment, UndefinedBehavior, value::Serde};
use records::Wording;
use serde::Serialize;

use self::catalog::{LANGUAGES, Labels};
use crate::domain::mails::Kind;

pub use self::facts::Row;

/// A mail's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The language it is in, such as `de`.
    pub language: &'static str,
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// A page that stands alone.
    pub html: String,
}

/// A template or its data are wrong: a mistake of ours.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template cannot be read or filled.
    #[error("a mail's template cannot be filled")]
    Template(#[from] minijinja::Error),
    /// The labels of a language cannot be read.
    #[error("the labels of {0} cannot be read")]
    Labels(&'static str, #[source] toml::de::Error),
}

/// All languages and mails.
pub struct Catalog {
    templates: Environment<'static>,
    labels: BTreeMap<&'static str, Labels>,
}

/// What the layouts are given.
#[derive(Serialize)]
struct Page<'a> {
    language: &'a str,
    subject: &'a str,
    greeting: String,
    paragraphs: Vec<String>,
    rows: Vec<Row>,
    footer: &'a str,
}

impl Catalog {
    /// Reads every file once, so that a broken one is noticed at the start.
    pub fn new() -> Result<Self, RenderError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.add_template("layout.txt", include_str!("../templates/layout.txt"))?;
        templates.add_template("layout.html", include_str!("../templates/layout.html"))?;
        let mut labels = BTreeMap::new();
        for language in &LANGUAGES {
            let read = toml::from_str(language.labels);
            labels.insert(language.code, read.map_err(|error| RenderError::Labels(language.code, error))?);
            for (kind, text) in language.mails {
                templates.add_template_owned(file(language.code, kind), text)?;
            }
        }
        Ok(Self { templates, labels })
    }

    /// Whether there are mails in this language.
    pub fn has(code: &str) -> bool {
        LANGUAGES.iter().any(|language| language.code == code)
    }

    /// Writes a mail in this language if we have it, else in English; dates and amounts as its region writes them.
    pub fn write(
        &self,
        kind: Kind,
        happening: BookingHappening,
        event: &BookingEvent,
        language: &Language,
    ) -> Result<Written, RenderError> {
        let wording = Wording::of(language);
        let code = wording.words().code;
        let labels = self.labels.get(code).cloned().unwrap_or_default();
        let words = facts::words(kind, happening, event, wording);
        let greeting = words.name.as_deref().map(|name| labels.greeting.replace("{name}", name));
        let filled = self.templates.get_template(&file(code, kind))?.render(Serde(&words))?;
        let (subject, paragraphs) = parts(&filled);
        let page = Page {
            language: code,
            subject: &subject,
            greeting: greeting.unwrap_or_else(|| labels.greeting_without_name.clone()),
            paragraphs,
            rows: facts::rows(kind, event, &labels, wording),
            footer: &labels.footer,
        };
        let text = self.templates.get_template("layout.txt")?.render(Serde(&page))?;
        let html = self.templates.get_template("layout.html")?.render(Serde(&page))?;
        Ok(Written { language: code, subject, text, html })
    }
}

/// Who a mail is addressed to by name; nobody where the name reads like something to click on.
pub fn addressee(kind: Kind, booking: &BookingRecord) -> Option<String> {
    let name =
        if kind.is_for_hotel() { facts::line(&booking.facts.hotel.name) } else { facts::guest(booking) };
    facts::is_name(&name).then_some(name)
}

fn file(code: &str, kind: Kind) -> String {
    format!("{code}/{}.txt", kind.name())
}

/// The first line is the subject; paragraphs are separated by empty lines, and one may be empty.
fn parts(filled: &str) -> (String, Vec<String>) {
    let (subject, rest) = filled.split_once('\n').unwrap_or((filled, ""));
    let paragraphs = rest.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    (subject.trim().to_owned(), paragraphs.collect())
}

#[cfg(test)]
mod tests;
