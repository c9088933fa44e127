//! What contradicts itself in the settings.

use domain::CountryCode;
use platform::settings::{ABOVE_ZERO, SettingProblem};

use super::Settings;

/// Every contradiction.
pub(super) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut found = Vec::new();
    let mut must = |fine: bool, key: &str, says: &str| {
        if !fine {
            found.push(SettingProblem::new(key.to_owned(), says.to_owned()));
        }
    };
    holds(settings, &mut must);
    money(settings, &mut must);
    bounds(settings, &mut must);
    core(settings, &mut must);
    found.extend(settings.kit.refuse_in_deployment("development.clock", settings.development.clock));
    found
}

type Must<'a> = dyn FnMut(bool, &str, &str) + 'a;

fn core(settings: &Settings, must: &mut Must<'_>) {
    let core = &settings.core;
    let says = "1, 2, 4, 8 or 16 divide the sixteen shares of hotels; 0 takes what fits the machine";
    must([0, 1, 2, 4, 8, 16].contains(&core.shards), "core.shards", says);
    for (key, value) in [
        ("core.batch", core.batch),
        ("core.second_batch_from", core.second_batch_from),
        ("core.waiting", core.waiting),
        ("core.waiting_upkeep", core.waiting_upkeep),
        ("core.reads_per_hotel", core.reads_per_hotel),
        ("core.rooms_remembered", core.rooms_remembered),
        ("core.nights_remembered", core.nights_remembered),
        ("jobs.sweep_batch", settings.jobs.sweep_batch),
        ("jobs.completion_batch", settings.jobs.completion_batch),
        ("jobs.reconcile_calls", settings.jobs.reconcile_calls),
    ] {
        must(value > 0, key, ABOVE_ZERO);
    }
    let says = "two batches are written at once, and somebody looks for who holds a row";
    must(core.connections_per_shard >= 3, "core.connections_per_shard", says);
    let says = "one of them is left to callbacks and cancellations, whoever looks at hotels";
    must(settings.mysql.max_connections >= 2, "mysql.max_connections", says);
    must(core.lock_wait_s > 0, "core.lock_wait_s", ABOVE_ZERO);
    must(core.waiting_ms > 0, "core.waiting_ms", ABOVE_ZERO);
}

fn holds(settings: &Settings, must: &mut Must<'_>) {
    let holds = &settings.holds;
    let countries = holds.minutes_by_country.keys().all(|code| CountryCode::parse(code).is_ok());
    must(countries, "holds.minutes_by_country", "its keys are ISO 3166-1 alpha-2 codes in capitals");
    let shortest = holds.minutes_by_country.values().copied().chain([holds.minutes]).min().unwrap_or(0);
    let shortest_ms = shortest.saturating_mul(60_000);
    must(
        shortest > 0 && shortest_ms > holds.lead_ms,
        "holds.minutes",
        "a hold must be longer than holds.lead_ms",
    );
    let checkout_ms = settings.checkout.ends_before_hold_seconds.saturating_mul(1_000);
    let says = "the shortest hold must be longer, or its checkout ends before it begins";
    must(checkout_ms < shortest_ms, "checkout.ends_before_hold_seconds", says);
    let says = "must end the session before the hold's end is worked on (holds.lead_ms)";
    must(checkout_ms > holds.lead_ms, "checkout.ends_before_hold_seconds", says);
    must(
        holds.ask_ms < holds.lead_ms,
        "holds.ask_ms",
        "must be shorter than holds.lead_ms, or holds end late",
    );
}

fn money(settings: &Settings, must: &mut Must<'_>) {
    if let Some(says) = settings.quotes.keys.contradiction() {
        must(false, "quotes.keys", says);
    }
    for (key, name) in [
        ("database_users.mgmt_user", &settings.database_users.mgmt_user),
        ("database_users.archival_user", &settings.database_users.archival_user),
    ] {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        must(plain && (1..=32).contains(&name.len()), key, "must have 1 to 32 letters, digits or _");
    }
    must(settings.quotes.valid_minutes > 0, "quotes.valid_minutes", ABOVE_ZERO);
    must(!settings.callbacks.secrets.is_empty(), "callbacks.secrets", "at least one secret is needed");
    must(!settings.provider.api_key.expose().is_empty(), "provider.api_key", "must not be empty");
    let is_url = |text: &str| reqwest::Url::parse(text).is_ok_and(|url| url.has_host());
    must(is_url(&settings.provider.url), "provider.url", "must be an http(s) URL");
    must(is_url(&settings.checkout.base_url), "checkout.base_url", "must be an http(s) URL");
    must(settings.checkout.secret.expose().len() >= 16, "checkout.secret", "must have at least 16 bytes");
    must(settings.provider.max_calls > 0, "provider.max_calls", ABOVE_ZERO);
}

fn bounds(settings: &Settings, must: &mut Must<'_>) {
    let (jobs, retention) = (&settings.jobs, &settings.retention);
    for (key, value) in [
        ("jobs.shares_ms", jobs.shares_ms),
        ("jobs.sweep_ms", jobs.sweep_ms),
        ("jobs.owed_ms", jobs.owed_ms),
        ("jobs.owed_first_wait_ms", jobs.owed_first_wait_ms),
        ("jobs.completion_ms", jobs.completion_ms),
        ("jobs.numbering_ms", jobs.numbering_ms),
        ("jobs.reconcile_ms", jobs.reconcile_ms),
        ("jobs.night_tombstone_ms", jobs.night_tombstone_ms),
        ("jobs.gauges_ms", jobs.gauges_ms),
        ("retention.every_ms", retention.every_ms),
        ("provider.timeout_ms", settings.provider.timeout_ms),
    ] {
        must(value > 0, key, ABOVE_ZERO);
    }
    for (key, value) in [
        ("jobs.connections", jobs.connections),
        ("jobs.owed_batch", jobs.owed_batch),
        ("jobs.numbering_batch", jobs.numbering_batch),
        ("jobs.night_tombstone_batch", jobs.night_tombstone_batch),
        ("retention.chunk", retention.chunk),
        ("holds.open_per_traveller", settings.holds.open_per_traveller),
        ("holds.open_per_channel", settings.holds.open_per_channel.unwrap_or(u32::MAX)),
    ] {
        must(value > 0, key, ABOVE_ZERO);
    }
    let renewed = jobs.shares_lease_ms / 2 > jobs.shares_ms;
    must(
        renewed,
        "jobs.shares_lease_ms",
        "must be more than twice jobs.shares_ms, or a late renewal loses it",
    );
    let longest = jobs.owed_most_wait_ms >= jobs.owed_first_wait_ms;
    must(longest, "jobs.owed_most_wait_ms", "must not be below jobs.owed_first_wait_ms");
}
