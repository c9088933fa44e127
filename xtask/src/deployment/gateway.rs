//! The gateway: Debian's nginx, unpacked and not installed (apt would start one on port 80).

use std::{collections::BTreeMap, fs, path::Path};

use super::{Program, Service};
use crate::{
    download,
    failure::{Doing, Outcome},
    openapi, packages,
    process::{self, Launch},
    progress::Line,
    routing::{self, Site},
    stack::Context,
    unpacked::{libraries, loader},
};

const FOLDER: &str = "nginx-bookworm";

/// Fetches nginx once, writes its configuration; says how to start it.
pub(super) fn program(context: &Context, root: &Path, line: &Line) -> Outcome<Program> {
    let instance = &context.instance;
    packages::ensure_tools(!context.cache.has(FOLDER), line)?;
    let nginx = context.cache.once(FOLDER, |folder| download::debian("bookworm", "nginx", folder, line))?;
    let home = instance.data("gateway");
    fs::create_dir_all(&home).doing("making", &home)?;
    let port = instance.port(instance.settings.port_offsets.gateway);
    let routes = routing::routes(&openapi::committed(root)?)?;
    let configuration = home.join("nginx.conf");
    let site = site(context, port, &home);
    fs::write(&configuration, routing::configuration(&site, &routes)).doing("writing", &configuration)?;
    let binary = nginx.join("usr/sbin/nginx");
    let arguments = [
        "--library-path".to_owned(),
        libraries(&nginx)?,
        binary.display().to_string(),
        "-p".to_owned(),
        home.display().to_string(),
        "-e".to_owned(),
        "stderr".to_owned(),
        "-c".to_owned(),
        configuration.display().to_string(),
    ];
    let launch = Launch {
        program: loader(&nginx)?,
        arguments: arguments.to_vec(),
        environment: BTreeMap::new(),
        home,
    };
    Ok(Program { name: "gateway", port, ready: "/healthz", launch })
}

fn site(context: &Context, port: u16, home: &Path) -> Site {
    let address = |service: Service| format!("127.0.0.1:{}", service.port(&context.instance));
    Site {
        listen: format!("127.0.0.1:{port}"),
        upstreams: Service::BEHIND_GATEWAY
            .map(|service| (service.name().to_owned(), address(service)))
            .into(),
        scratch: home.display().to_string(),
        user: process::is_root().then(|| "nobody nogroup".to_owned()),
        docs_base: "https://docs.vacancy.example".to_owned(),
        trust: context.instance.settings.gateway.clone(),
    }
}
