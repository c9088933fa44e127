//! What `up` says at its end: addresses, tokens, and five commands that work as printed.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::Value;

use super::{Service, admin, templates};
use crate::{
    failure::{Doing, Failure, Outcome},
    instance::Instance,
    packages, probe,
    stack::Context,
};

/// 500 hotels are searchable after seconds; a large seed takes longer.
const SEARCHABLE: Duration = Duration::from_mins(10);

/// Where everything is, for programs: the journey, the fault runs, the load generator.
#[derive(Debug, Serialize)]
pub(crate) struct Endpoints {
    gateway: String,
    sandbox: String,
    /// Services by name: for probes, metrics and the development clock, which the gateway does not show.
    services: std::collections::BTreeMap<String, String>,
    stack: std::collections::BTreeMap<String, String>,
    tokens: Tokens,
    auth: Auth,
    admin_settings: PathBuf,
    admin_binary: PathBuf,
}

#[derive(Debug, Serialize)]
struct Tokens {
    traveller: String,
    manager: String,
    operator: String,
}

#[derive(Debug, Serialize)]
struct Auth {
    issuer: &'static str,
    audience: &'static str,
    development_key: String,
    sandbox_api_key: String,
    callback_secret: String,
}

/// Where the endpoints are written.
pub(crate) fn endpoints_file(instance: &Instance) -> PathBuf {
    instance.folder.join("endpoints.json")
}

/// Waits until search answers with hotels, if there are any.
pub(super) fn wait_for_search(context: &Context, hotels: u32) -> Outcome {
    let port = Service::Search.port(&context.instance);
    let url = format!("http://127.0.0.1:{port}/v1/search?q=hotel&page_size=1");
    let found =
        || get(&url).is_some_and(|page| page.get("total_estimate").and_then(Value::as_u64).unwrap_or(0) > 0);
    if hotels == 0 || probe::until(Instant::now() + SEARCHABLE, found) {
        return Ok(());
    }
    Err(Failure::Refused("search still finds no hotel; see `cargo xtask logs search-service`".into()))
}

/// Writes the endpoints and prints them with the five commands.
pub(super) fn print(context: &Context, root: &Path, release: bool) -> Outcome {
    let endpoints = endpoints(context, root, release)?;
    let path = endpoints_file(&context.instance);
    let text =
        serde_json::to_string_pretty(&endpoints).map_err(|error| Failure::Refused(error.to_string()))?;
    std::fs::write(&path, text).doing("writing", &path)?;
    say!("\nVacancy is up.\n  API        {}   (documentation: each service's /docs)", endpoints.gateway);
    for (name, address) in &endpoints.services {
        say!("  {name:<22} {address}/docs");
    }
    say!("  mails      {}/api/user/ADDRESS/messages", stack_value(&endpoints, "greenmail_url"));
    say!("\nTokens (development only, 12 hours):");
    for (role, token) in [
        ("TRAVELLER", &endpoints.tokens.traveller),
        ("MANAGER", &endpoints.tokens.manager),
        ("OPERATOR", &endpoints.tokens.operator),
    ] {
        say!("  export {role}={token}");
    }
    commands(context, &endpoints);
    say!("\nPlaces: GeoNames (geonames.org), CC BY 4.0.");
    Ok(())
}

fn stack_value<'a>(endpoints: &'a Endpoints, key: &str) -> &'a str {
    endpoints.stack.get(key).map_or("", String::as_str)
}

fn endpoints(context: &Context, root: &Path, release: bool) -> Outcome<Endpoints> {
    let instance = &context.instance;
    let values = templates::values(instance)?;
    let value = |key: &str| values.get(key).cloned().unwrap_or_default();
    let address = |port: u16| format!("http://127.0.0.1:{port}");
    let token = |role: &str| token(context, root, release, role);
    let stack = crate::stack::endpoints(instance).into_iter();
    Ok(Endpoints {
        gateway: address(instance.port(instance.settings.port_offsets.gateway)),
        sandbox: address(Service::PaymentSandbox.port(instance)),
        services: Service::ALL.map(|one| (one.name().to_owned(), address(one.port(instance)))).into(),
        stack: stack
            .map(|(key, text)| (key.trim_start_matches("VACANCY_STACK_").to_lowercase(), text))
            .collect(),
        tokens: Tokens {
            traveller: token("traveller")?,
            manager: token("manager")?,
            operator: token("operator")?,
        },
        auth: Auth {
            issuer: "https://id.vacancy.example",
            audience: "vacancy",
            development_key: value("development_key"),
            sandbox_api_key: value("sandbox_api_key"),
            callback_secret: value("callback_secret"),
        },
        admin_settings: super::settings_file(instance, "vacancy"),
        admin_binary: super::binaries(root, release).join("vacancy"),
    })
}

fn token(context: &Context, root: &Path, release: bool, role: &str) -> Outcome<String> {
    let mut command = admin(context, root, release);
    let output = command
        .args(["token", "--role", role])
        .output()
        .doing("running", Path::new("vacancy admin token"))?;
    let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !token.is_empty() {
        return Ok(token);
    }
    Err(Failure::Refused(format!("no token for {role}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// `GET url` as JSON; none if it does not answer with 200.
fn get(url: &str) -> Option<Value> {
    let output = Command::new("curl").args(["-fsS", "--max-time", "10", url]).output().ok()?;
    serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())
}

/// The day `days` from today, by the machine's calendar: what a reader would type.
fn day(days: u32) -> String {
    let output = Command::new("date").args(["-u", "-d", &format!("+{days} days"), "+%F"]).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Search, quote, book, pay, my bookings: with a hotel and a room that are there.
fn commands(context: &Context, endpoints: &Endpoints) {
    let base = &endpoints.gateway;
    let (start, end) = (day(30), day(32));
    let search = format!("{base}/v1/search?q=hotel&start_date={start}&end_date={end}&adults=2&page_size=3");
    let Some(page) = get(&search) else { return };
    let Some(first) = page.pointer("/items/0") else { return };
    let text = |pointer: &str| first.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (hotel, room) = (text("/hotel_id"), text("/room/room_id"));
    let line = format!(r#"{{"room_id":"{room}","quantity":1,"adults":2}}"#);
    let stay = format!(r#""hotel_id":"{hotel}","start_date":"{start}","end_date":"{end}","lines":[{line}]"#);
    let booker = r#""booker":{"given_name":"Ada","family_name":"Lovelace","email":"ada@example.com"}"#;
    let kept = context.instance.folder.join("booking.json");
    let kept = kept.display();
    let json = "-H 'Content-Type: application/json'";
    let me = "-H \"Authorization: Bearer $TRAVELLER\"";
    let pretty = pretty();
    say!("\nFive commands, as they are (after the exports above):");
    say!("  # 1 search\n  curl -s '{search}' {pretty}");
    say!("  # 2 quote\n  curl -s {base}/v1/quotes {json} -d '{{{stay}}}' {pretty}");
    say!(
        "  # 3 book\n  curl -s {base}/v1/bookings {me} {json} \\\n    -H \"Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)\" \\\n    -d '{{{stay},{booker}}}' | tee {kept} {pretty}"
    );
    say!("{}", pay(base, me, &kept.to_string()));
    say!("  # 5 my bookings\n  curl -s '{base}/v1/me/bookings?view=upcoming' {me} {pretty}");
}

/// Pays on the checkout page of the booking in `kept`, and waits until the provider's word about it has arrived.
fn pay(base: &str, me: &str, kept: &str) -> String {
    let of = |name: &str| format!("$(grep -o '\"{name}\":\"[^\"]*' {kept} | head -n 1 | cut -d '\"' -f 4)");
    let url = format!("$(grep -o '\"checkout\":{{\"url\":\"[^\"]*' {kept} | cut -d '\"' -f 6)");
    let booking = of("booking_id");
    format!(
        "  # 4 pay, on the checkout page of the booking just made; BOOKED once the provider has told\n  \
         curl -s -o /dev/null -d card_number=4242424242424242 \"{url}\"\n  \
         for again in $(seq 100); do curl -s \"{base}/v1/bookings/{booking}\" {me} \\\n    \
         | grep -o '\"status\":\"BOOKED\"' && break; sleep 0.2; done"
    )
}

/// What shows JSON line by line, with what this machine has.
fn pretty() -> &'static str {
    match (packages::on_path("jq"), packages::on_path("python3")) {
        (Some(_), _) => "| jq .",
        (None, Some(_)) => "| python3 -m json.tool --no-ensure-ascii",
        (None, None) => "; echo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> String {
        let output = Command::new("sh").args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn json_is_shown_on_lines_of_its_own_where_a_program_can() {
        let shown = shell(&format!("printf '{{\"name\":\"Caf\u{e9}\",\"stars\":4}}' {}", pretty()));
        let lines = if pretty().starts_with('|') { 4 } else { 1 };
        assert_eq!(shown.trim_end().lines().count(), lines, "{shown}");
        assert!(shown.contains("Caf\u{e9}"), "{shown}");
    }

    #[test]
    fn the_command_that_pays_finds_its_booking_and_its_page_in_the_answer_that_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, asked) = (folder.path().join("booking.json"), folder.path().join("asked"));
        let booking =
            r#"{"booking_id":"b-1","checkout":{"url":"http://pay/b-1?sig=2"},"lines":[{"url":"x"}]}"#;
        std::fs::write(&kept, booking).unwrap();
        let asked = asked.display();
        // In place of curl, one that notes what it was called with, and a booking that is paid at the second look.
        let curl = format!(
            "curl() {{ printf '%s\\n' \"$@\" >> {asked}; [ $(grep -c bookings {asked}) -lt 2 ] || echo '{{\"status\":\"BOOKED\"}}'; }}"
        );
        let pay = pay("http://api", "-H 'Authorization: x'", &kept.display().to_string());
        assert_eq!(shell(&format!("{curl}\n{pay}")), "\"status\":\"BOOKED\"\n");
        let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
        assert!(asked.lines().any(|line| line == "http://pay/b-1?sig=2"), "{asked}");
        assert!(asked.lines().any(|line| line == "http://api/v1/bookings/b-1"), "{asked}");
    }
}
