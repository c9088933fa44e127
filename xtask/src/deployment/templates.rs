//! Settings of the services, generated: a template each, with the instance's addresses and secrets filled in.

use std::{collections::BTreeMap, fs};

use super::{secrets, services::Service, settings_file};
use crate::{
    failure::{Doing, Failure, Outcome},
    instance::Instance,
    stack,
};

/// The operator's binary has settings too.
const VACANCY: &str = include_str!("../../deployment/vacancy.toml");

/// Writes every program's settings file. The same values give the same files.
pub(super) fn write(instance: &Instance) -> Outcome {
    let values = values(instance)?;
    let folder = instance.folder.join("settings");
    fs::create_dir_all(&folder).doing("making", &folder)?;
    let all = Service::ALL.iter().map(|service| (service.name(), service.template()));
    for (name, template) in all.chain([("vacancy", VACANCY)]) {
        write_one(instance, name, template, &values)?;
    }
    Ok(())
}

/// Those of the second copy of booking-service, which listens elsewhere.
pub(super) fn write_second(instance: &Instance, name: &str, port: u16) -> Outcome {
    let mut values = values(instance)?;
    values.insert(format!("port_{}", Service::Booking.word()), port.to_string());
    write_one(instance, name, Service::Booking.template(), &values)
}

/// Untouched when unchanged: a program older than its settings is started anew.
fn write_one(instance: &Instance, name: &str, template: &str, values: &BTreeMap<String, String>) -> Outcome {
    let path = settings_file(instance, name);
    let text = fill(template, values).map_err(|key| unknown(name, &key))?;
    if fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
        return Ok(());
    }
    fs::write(&path, text).doing("writing", &path)
}

/// Everything that a template may name.
pub(super) fn values(instance: &Instance) -> Outcome<BTreeMap<String, String>> {
    let mut values = secrets::load(instance)?;
    for (key, value) in stack::endpoints(instance) {
        values.insert(key.trim_start_matches("VACANCY_STACK_").to_lowercase(), value);
    }
    for service in Service::ALL {
        values.insert(format!("port_{}", service.word()), service.port(instance).to_string());
    }
    let gateway = instance.port(instance.settings.port_offsets.gateway);
    values.insert("port_gateway".into(), gateway.to_string());
    let booking = format!("127.0.0.1:{}/booking", stack::Server::MysqlBooking.port(instance));
    for user in ["mgmt", "archival"] {
        let password = values.get(&format!("{user}_password")).cloned().unwrap_or_default();
        values.insert(format!("mysql_booking_{user}_url"), format!("mysql://{user}:{password}@{booking}"));
    }
    if let Some(own) = instance.settings.instances.get(&instance.name) {
        for (key, limit) in [
            ("public_per_second", own.public_per_second),
            ("public_burst", own.public_burst),
            ("caller_per_second", own.caller_per_second),
            ("caller_burst", own.caller_burst),
            ("hold_minutes", own.hold_minutes),
            ("purge_every_ms", own.purge_every_ms),
        ] {
            values.insert(key.into(), limit.to_string());
        }
    }
    values.insert("folder".into(), instance.folder.display().to_string());
    Ok(values)
}

fn unknown(name: &str, key: &str) -> Failure {
    Failure::Settings(format!("xtask/deployment/{name}.toml: nobody knows {{{{{key}}}}}"))
}

/// Replaces each `{{key}}` by its value; the error is a key without one.
pub(super) fn fill(template: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (key, behind) =
            after.split_once("}}").ok_or_else(|| after.chars().take(20).collect::<String>())?;
        text.push_str(before);
        text.push_str(values.get(key.trim()).ok_or_else(|| key.to_owned())?);
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled_and_an_unknown_one_is_named() {
        let values = BTreeMap::from([("port".to_owned(), "9".to_owned())]);
        assert_eq!(fill("a {{port}} b {{ port }}", &values), Ok("a 9 b 9".to_owned()));
        assert_eq!(fill("{{ports}}", &values), Err("ports".to_owned()));
    }
}
