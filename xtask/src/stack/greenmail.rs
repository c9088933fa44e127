//! GreenMail: takes mails by SMTP, shows them by IMAP and REST, sends nothing anywhere.

use std::{collections::BTreeMap, io};

use super::{Context, java};
use crate::{
    download::Artifact,
    failure::{Doing, Outcome},
    instance::Instance,
    probe,
    process::Launch,
    progress::Line,
};

const GREENMAIL: Artifact = Artifact {
    folder: "greenmail-2.1.13",
    pom: include_str!("../../artifacts/greenmail.pom.xml"),
    checksums: include_str!("../../artifacts/greenmail.sha256"),
};
const JAR: &str = "greenmail-standalone-2.1.13.jar";

pub(super) fn prepare(context: &Context, line: &Line) -> Outcome<Launch> {
    let runtime = java::Runtime::ensure(context, &GREENMAIL, line)?;
    let instance = &context.instance;
    let home = instance.data("greenmail");
    std::fs::create_dir_all(&home).doing("making", &home)?;
    let offsets = &instance.settings.port_offsets;
    let mut arguments = vec![format!("-Xmx{}m", instance.settings.heap_mib.greenmail)];
    arguments.extend(java::options(instance));
    arguments.extend(java::owned(["-Dgreenmail.auth.disabled"]));
    for (service, offset) in
        [("smtp", offsets.greenmail_smtp), ("api", offsets.greenmail_api), ("imap", offsets.greenmail_imap)]
    {
        arguments.push(format!("-Dgreenmail.{service}.hostname=127.0.0.1"));
        arguments.push(format!("-Dgreenmail.{service}.port={}", instance.port(offset)));
    }
    arguments.extend(["-jar".to_owned(), java::text(&runtime.lib().join(JAR))]);
    Ok(Launch { program: runtime.java(), arguments, environment: BTreeMap::new(), home })
}

/// Its own readiness request, which looks at all its services.
pub(super) fn probe(instance: &Instance) -> io::Result<()> {
    probe::http_ok(instance.port(instance.settings.port_offsets.greenmail_api), "/api/service/readiness")
}
