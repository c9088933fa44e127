//! The OpenAPI documents: made by the services, committed under `openapi/`, merged into one, compared in CI.

mod audiences;
mod merge;
mod operations;

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    deployment::{Service, binaries},
    failure::{Doing, Failure, Outcome},
    routing::{self, Site, Trust},
};

/// The document of everything behind the gateway.
pub(crate) const MERGED: &str = "vacancy.json";

/// The committed documents of the services behind the gateway.
pub(crate) fn committed(root: &Path) -> Outcome<Vec<(&'static str, Value)>> {
    let read = |service: Service| {
        let path = root.join("openapi").join(format!("{}.json", service.name()));
        let text = fs::read_to_string(&path).doing("reading", &path)?;
        parse(&text, &path).map(|document| (service.name(), document))
    };
    Service::BEHIND_GATEWAY.into_iter().map(read).collect()
}

/// Writes what the built services say, or (`check`) names what differs from it in the checkout.
pub(crate) fn run(root: &Path, check: bool) -> Outcome {
    let mut differ = Vec::new();
    for (name, text) in fresh(root)? {
        let path = root.join(&name);
        if fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
            continue;
        }
        if check {
            differ.push(name);
        } else {
            fs::write(&path, text).doing("writing", &path)?;
            say!("{name}: written");
        }
    }
    if !differ.is_empty() {
        let names = differ.join(", ");
        let says = format!("{names} differ from the code; run `cargo xtask openapi` and commit");
        return Err(Failure::Refused(says));
    }
    say!("openapi: what is committed is what the services say");
    table(root)
}

/// Compares the page's table of operations with the merged document, and says each line to add or remove.
fn table(root: &Path) -> Outcome {
    let (document, page) = (root.join("openapi").join(MERGED), root.join(operations::PAGE));
    let text = fs::read_to_string(&document).doing("reading", &document)?;
    let shown = fs::read_to_string(&page).doing("reading", &page)?;
    let differences = operations::differences(&parse(&text, &document)?, &shown);
    if differences.is_empty() {
        say!("openapi: the table of {} shows every operation", operations::PAGE);
        return Ok(());
    }
    let lines = differences.join("\n  ");
    Err(Failure::Refused(format!("{}: its table of operations must change:\n  {lines}", operations::PAGE)))
}

/// What the services say now, all of it merged, and the gateway of compose that follows from it.
fn fresh(root: &Path) -> Outcome<Vec<(String, String)>> {
    let mut documents = Vec::new();
    for service in Service::BEHIND_GATEWAY {
        documents.push((service.name(), told(root, service)?));
    }
    let merged = merge::merged(&documents)?;
    let gateway = routing::configuration(&compose_site(), &routing::routes(&documents)?);
    documents.push((Service::PaymentSandbox.name(), sandbox(root)?));
    documents.extend(audiences::split(&merged));
    let mut files = vec![("compose/gateway/nginx.conf".to_owned(), gateway)];
    for (name, document) in documents {
        files.push((format!("openapi/{name}.json"), pretty(&document)?));
    }
    files.push((format!("openapi/{MERGED}"), pretty(&merged)?));
    Ok(files)
}

fn compose_site() -> Site {
    let address = |service: Service| (service.name().to_owned(), format!("{}:8080", service.name()));
    Site {
        listen: "8080".to_owned(),
        upstreams: Service::BEHIND_GATEWAY.map(address).into(),
        scratch: "/tmp".to_owned(),
        user: None,
        docs_base: "https://docs.vacancy.example".to_owned(),
        trust: Trust::default(),
    }
}

/// The sandbox has an address of its own: it is no part of the API.
fn sandbox(root: &Path) -> Outcome<Value> {
    let mut document = told(root, Service::PaymentSandbox)?;
    if let Some(members) = document.as_object_mut() {
        members.insert(
            "servers".into(),
            json!([{ "url": "/", "description": "The sandbox, on a port of its own." }]),
        );
    }
    Ok(document)
}

fn told(root: &Path, service: Service) -> Outcome<Value> {
    let program = binaries(root, false).join(service.name());
    let output = Command::new(&program).arg("openapi").output().doing("running", &program)?;
    let mut document = parse(&String::from_utf8_lossy(&output.stdout), &program)?;
    audiences::keep_components(&mut document);
    Ok(document)
}

fn parse(text: &str, from: &Path) -> Outcome<Value> {
    serde_json::from_str(text)
        .map_err(|error| Failure::Refused(format!("{} is not a JSON document: {error}", from.display())))
}

fn pretty(document: &Value) -> Outcome<String> {
    let text = serde_json::to_string_pretty(document).map_err(|error| Failure::Refused(error.to_string()))?;
    Ok(text + "\n")
}
