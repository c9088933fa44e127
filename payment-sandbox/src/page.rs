//! The pages, from templates; everything put into them is escaped.

use minijinja::{Environment, Value, context};

use crate::domain::{book::Status, card::CardRefused, link::Session};

/// The templates. Names end in `.html`, so that everything is escaped.
const TEMPLATES: [(&str, &str); 3] = [
    ("layout.html", include_str!("../templates/layout.html")),
    ("checkout.html", include_str!("../templates/checkout.html")),
    ("bad_link.html", include_str!("../templates/bad_link.html")),
];

/// Renders pages.
pub struct Pages(Environment<'static>);

/// What the last attempt came to, told above the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The bank said no.
    Declined,
    /// It was not a card that can be used here.
    Card(CardRefused),
}

/// A payment's page.
pub struct View<'a> {
    /// What is to be paid.
    pub session: &'a Session,
    /// Where it stands.
    pub status: Status,
    /// Whether a capture is on its way.
    pub is_arriving: bool,
    /// What the last attempt came to.
    pub notice: Option<Notice>,
}

impl Pages {
    /// With all templates read.
    pub fn new() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        for (name, text) in TEMPLATES {
            environment.add_template(name, text)?;
        }
        Ok(Self(environment))
    }

    /// The page of a payment.
    pub fn checkout(&self, view: &View<'_>) -> Result<String, minijinja::Error> {
        let session = view.session;
        let expires = session.expires_at.utc();
        let back = session.return_url.clone().filter(|_| !is_payable(view));
        self.0.get_template("checkout.html")?.render(context! {
            state => state(view),
            amount => session.amount.to_string(),
            confirmation_number => session.booking_id.confirmation_number().to_string(),
            expires => expires.format("%Y-%m-%d %H:%M UTC").to_string(),
            expires_iso => session.expires_at.to_string(),
            notice => view.notice.map_or(Value::from(()), |notice| Value::from(notice.text())),
            back => back.map_or(Value::from(()), Value::from),
        })
    }

    /// The page for a link that is not the merchant's.
    pub fn bad_link(&self) -> Result<String, minijinja::Error> {
        self.0.get_template("bad_link.html")?.render(context! {})
    }
}

fn is_payable(view: &View<'_>) -> bool {
    state(view) == "open"
}

fn state(view: &View<'_>) -> &'static str {
    match view.status {
        Status::Captured => "captured",
        Status::Ended => "ended",
        Status::Voided => "voided",
        Status::Open | Status::Unknown if view.is_arriving => "processing",
        Status::Open | Status::Unknown => "open",
    }
}

impl Notice {
    fn text(self) -> String {
        match self {
            Self::Declined => "Your card was declined. Try another card.".to_owned(),
            Self::Card(refused) => refused.to_string(),
        }
    }
}
