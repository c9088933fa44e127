//! The settings of this service; `config.default.toml` says what each is for.

use events::{consumer::ConsumerSettings, kafka::KafkaSettings};
use lettre::message::Mailbox;
use platform::{
    mysql::MySqlSettings,
    settings::{ABOVE_ZERO, KitSettings, ServiceSettings, SettingProblem, empty_is_none, unmet},
};
use serde::Deserialize;

use crate::{
    mailer::{Mailer, SmtpSettings},
    render::Catalog,
};

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What every service has.
    pub kit: KitSettings,
    /// The notification database.
    pub mysql: MySqlSettings,
    /// The event log.
    pub kafka: KafkaSettings,
    /// The reader of `booking.events`.
    pub consumer: ConsumerSettings,
    /// The mail server.
    pub smtp: SmtpSettings,
    /// What mails look like.
    pub mail: MailSettings,
    /// How mails are sent, and for how long it is tried.
    pub sending: SendingSettings,
    /// How many mails unpaid bookings may cause.
    pub limits: LimitSettings,
    /// How long it is remembered what was sent.
    pub retention: RetentionSettings,
}

/// `[mail]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct MailSettings {
    pub from: String,
    #[serde(deserialize_with = "empty_is_none")]
    pub hotel_language: Option<String>,
}

/// `[sending]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct SendingSettings {
    pub side_by_side: usize,
    pub side_by_side_per_domain: usize,
    pub claim_at_once: usize,
    pub every_ms: u64,
    pub lease_ms: u64,
    pub first_pause_s: u64,
    pub most_pause_s: u64,
    pub give_up_after_s: u64,
    pub fewest_tries: u32,
    pub refused_in_a_row: usize,
    pub most_waiting: u32,
    pub gauges_ms: u64,
}

/// `[limits]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct LimitSettings {
    pub unpaid_per_recipient_and_day: u32,
    pub unpaid_per_caller_and_day: u32,
}

/// `[retention]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct RetentionSettings {
    pub sent_days: u32,
    pub every_ms: u64,
    pub chunk: u32,
}

/// Kafka may deliver an event again for a week, the dead letters for 30 days.
const SHORTEST_MEMORY_DAYS: u32 = 31;

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        let language = self.mail.hotel_language.as_deref();
        unmet([
            (
                "smtp.url",
                Mailer::understands(self.smtp.url.expose()),
                "must be such as smtp://host:port or smtps://user:password@host",
            ),
            ("smtp.timeout_ms", self.smtp.timeout_ms > 0, ABOVE_ZERO),
            ("smtp.most_connections", self.smtp.most_connections > 0, ABOVE_ZERO),
            (
                "mail.from",
                self.mail.from.parse::<Mailbox>().is_ok(),
                "must be such as Vacancy <bookings@vacancy.example>",
            ),
            (
                "mail.hotel_language",
                language.is_none_or(Catalog::has),
                "must be empty or one of our languages",
            ),
            (
                "sending.lease_ms",
                self.sending.lease_ms > self.smtp.timeout_ms.saturating_mul(2),
                "must be longer than twice smtp.timeout_ms, or a mail under way is taken over and sent twice",
            ),
            ("sending.side_by_side", self.sending.side_by_side > 0, ABOVE_ZERO),
            ("sending.side_by_side_per_domain", self.sending.side_by_side_per_domain > 0, ABOVE_ZERO),
            ("sending.claim_at_once", self.sending.claim_at_once > 0, ABOVE_ZERO),
            ("sending.every_ms", self.sending.every_ms > 0, ABOVE_ZERO),
            ("sending.first_pause_s", self.sending.first_pause_s > 0, ABOVE_ZERO),
            (
                "sending.most_pause_s",
                self.sending.most_pause_s >= self.sending.first_pause_s,
                "must be at least sending.first_pause_s",
            ),
            ("sending.fewest_tries", self.sending.fewest_tries > 0, ABOVE_ZERO),
            (
                "sending.refused_in_a_row",
                self.sending.refused_in_a_row > 1,
                "must be above one: one refusal is of one address",
            ),
            ("sending.most_waiting", self.sending.most_waiting > 0, ABOVE_ZERO),
            ("sending.gauges_ms", self.sending.gauges_ms > 0, ABOVE_ZERO),
            ("limits.unpaid_per_recipient_and_day", self.limits.unpaid_per_recipient_and_day > 0, ABOVE_ZERO),
            ("limits.unpaid_per_caller_and_day", self.limits.unpaid_per_caller_and_day > 0, ABOVE_ZERO),
            (
                "retention.sent_days",
                self.retention.sent_days >= SHORTEST_MEMORY_DAYS,
                "must be at least 31: dead letters are kept for 30 days and may be replayed",
            ),
            ("retention.every_ms", self.retention.every_ms > 0, ABOVE_ZERO),
            ("retention.chunk", self.retention.chunk > 0, ABOVE_ZERO),
        ])
    }
}

#[cfg(test)]
mod tests {
    use platform::{app::App as _, settings::Loader};

    use super::*;
    use crate::NotificationApp;

    fn keys(key: &str, value: &str) -> Vec<String> {
        let loader = Loader::new(NotificationApp::DEFAULT_TOML)
            .set("mysql.url", "mysql://vacancy@127.0.0.1/notification")
            .set("smtp.url", "smtp://127.0.0.1:25");
        let loader = match value.parse::<i64>() {
            _ if key.is_empty() => loader,
            Ok(number) => loader.set(key, number),
            Err(_) => loader.set(key, value),
        };
        let settings: Settings = loader.load().unwrap();
        settings.problems().into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_defaults_do_not_contradict_themselves() {
        assert_eq!(keys("", ""), Vec::<String>::new());
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        for (key, value) in [
            ("smtp.url", "http://x"),
            ("mail.from", "nobody"),
            ("mail.hotel_language", "xx"),
            ("limits.unpaid_per_recipient_and_day", "0"),
            ("limits.unpaid_per_caller_and_day", "0"),
        ] {
            assert_eq!(keys(key, value), [key]);
        }
    }
}
