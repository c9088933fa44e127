//! The settings under `compose/`: each service must take what its container is given.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde::Deserialize;

use crate::{
    deployment::{Service, binaries},
    failure::{Doing, Failure, Outcome},
};

/// Where `compose/settings` is mounted.
const MOUNTED: &str = "/etc/vacancy/";
/// A container's own address: a default that names a server there must be set.
const THIS_MACHINE: &str = "127.0.0.1:";
/// Where a service itself listens.
const LISTEN: &str = "kit.http.listen";

/// What `docker compose config --format json` says.
#[derive(Debug, Deserialize)]
struct Project {
    services: BTreeMap<String, Container>,
}

#[derive(Debug, Deserialize)]
struct Container {
    command: Option<Vec<String>>,
    environment: Option<BTreeMap<String, Option<String>>>,
}

/// Asks each service about its settings file and its environment in `document`, and names every service that refuses.
pub(crate) fn check(root: &Path, document: &str) -> Outcome {
    let project: Project = serde_json::from_str(document)
        .map_err(|error| Failure::Refused(format!("docker compose did not print its files: {error}")))?;
    let mut wrong = Vec::new();
    for service in Service::ALL {
        wrong.extend(of_service(root, service, &project)?);
    }
    if wrong.is_empty() {
        say!("compose: every service takes its settings");
        return Ok(());
    }
    Err(Failure::Several(wrong.join("\n       ")))
}

fn of_service(root: &Path, service: Service, project: &Project) -> Outcome<Vec<String>> {
    let name = service.name();
    let container = project.services.get(name);
    let Some((container, file)) = container.and_then(|it| Some((it, settings_file(it, name)?))) else {
        let wanted = format!("[{name}, serve, --config, {MOUNTED}...toml]");
        return Ok(vec![format!("{name}: no container with the command {wanted} in compose/compose.yaml")]);
    };
    let place = format!("compose/settings/{file}");
    let output = ask(root, name, &place, container)?;
    let mut wrong = Vec::new();
    if !output.status.success() {
        wrong.push(format!("{place}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    for key in left_here(&table(root, &format!("{name}/config.default.toml"))?, &table(root, &place)?) {
        wrong.push(format!("{place}: {key} is not set, and its default is a server inside the container"));
    }
    Ok(wrong)
}

/// The settings file in `[NAME, serve, --config, /etc/vacancy/FILE]`.
fn settings_file<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    match container.command.as_deref()? {
        [program, serve, config, path] if program == name && serve == "serve" && config == "--config" => {
            path.strip_prefix(MOUNTED)
        }
        _ => None,
    }
}

/// With the container's environment, and nothing of ours.
fn ask(root: &Path, name: &str, place: &str, container: &Container) -> Outcome<Output> {
    let program = binaries(root, false).join(name);
    if !program.exists() {
        let says = format!("{} is not built; run `cargo build --package {name}` first", program.display());
        return Err(Failure::Refused(says));
    }
    let mut command = Command::new(&program);
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("VACANCY_") {
            command.env_remove(key);
        }
    }
    let given = container.environment.iter().flatten();
    command.envs(given.filter_map(|(key, value)| Some((key, value.as_deref()?))));
    command.args(["check-config", "--config", place]).current_dir(root);
    command.output().doing("running", &program)
}

fn table(root: &Path, place: &str) -> Outcome<toml::Table> {
    let path = root.join(place);
    let text = fs::read_to_string(&path).doing("reading", &path)?;
    text.parse().map_err(|error| Failure::Refused(format!("{place}: {error}")))
}

/// The keys whose default names a server on this machine, and that are not set.
fn left_here(defaults: &toml::Table, set: &toml::Table) -> Vec<String> {
    let (mut local, mut told) = (Vec::new(), Vec::new());
    walk(defaults, "", &mut |key, value| {
        if value.to_string().contains(THIS_MACHINE) && key != LISTEN {
            local.push(key.to_owned());
        }
    });
    walk(set, "", &mut |key, _| told.push(key.to_owned()));
    local.retain(|key| !told.contains(key));
    local
}

/// Every value with its whole key, `mysql.url`.
fn walk(table: &toml::Table, above: &str, look: &mut impl FnMut(&str, &toml::Value)) {
    for (key, value) in table {
        let key = format!("{above}{key}");
        match value.as_table() {
            Some(inner) => walk(inner, &format!("{key}."), look),
            None => look(&key, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(command: &[&str]) -> Container {
        let command = command.iter().map(|part| (*part).to_owned()).collect();
        Container { command: Some(command), environment: None }
    }

    #[test]
    fn the_settings_file_is_the_one_that_the_container_is_started_with() {
        let serve = container(&["a", "serve", "--config", "/etc/vacancy/a.toml"]);
        assert_eq!(settings_file(&serve, "a"), Some("a.toml"));
        assert_eq!(settings_file(&serve, "b"), None);
        let migrate = container(&["a", "migrate", "--config", "/etc/vacancy/a.toml"]);
        assert_eq!(settings_file(&migrate, "a"), None);
        assert_eq!(settings_file(&Container { command: None, environment: None }, "a"), None);
    }

    #[test]
    fn a_default_inside_the_container_must_be_set() {
        let defaults = "[kit.http]\nlisten = \"127.0.0.1:1\"\n[kafka]\nbrokers = \"127.0.0.1:2\"\n[cassandra]\nnodes = [\"127.0.0.1:3\"]\nkeyspace = \"k\"\n";
        let defaults: toml::Table = defaults.parse().unwrap();
        let set: toml::Table = "[kafka]\nbrokers = \"kafka:9092\"\n".parse().unwrap();
        assert_eq!(left_here(&defaults, &set), ["cassandra.nodes"]);
    }

    #[test]
    fn a_service_without_a_container_is_named() {
        let refusal = check(Path::new("/nowhere"), r#"{"services": {}}"#).unwrap_err().to_string();
        for service in Service::ALL {
            assert!(refusal.contains(&format!("{}: no container", service.name())), "{refusal}");
        }
    }
}
