//! Redis: holds' expiry events and mgmt's bodies.

use std::{
    collections::BTreeMap,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{Context, Server, java};
use crate::{
    failure::{Doing, Failure, Outcome},
    packages,
    process::Launch,
    progress::Line,
};

/// Expired-key events are what holds listen to; the append-only file keeps the bodies over a restart. It is written anew not before
/// it has grown to a quarter of a GiB, and plain: packing it takes a tenth of a core from whoever sells just then.
pub(super) fn prepare(context: &Context, line: &Line) -> Outcome<Launch> {
    packages::ensure_tools(false, line)?;
    let home = context.instance.data("redis");
    std::fs::create_dir_all(&home).doing("making", &home)?;
    let mut arguments = java::owned([
        "--bind",
        "127.0.0.1",
        "--notify-keyspace-events",
        "Ex",
        "--appendonly",
        "yes",
        "--auto-aof-rewrite-min-size",
        "256mb",
        "--rdbcompression",
        "no",
        "--save",
        "",
        "--port",
    ]);
    arguments.push(Server::Redis.port(&context.instance).to_string());
    arguments.extend(["--databases".to_owned(), context.instance.settings.redis.databases.to_string()]);
    Ok(Launch { program: program(&home)?, arguments, environment: BTreeMap::new(), home })
}

/// redis-server is one program with redis-check-rdb, told apart by its name. redis-tools has the latter; we add the name, because the package
/// redis-server would also start a server of its own.
fn program(home: &Path) -> Outcome<PathBuf> {
    if let Some(found) = packages::on_path("redis-server") {
        return Ok(found);
    }
    let missing = || Failure::Missing {
        what: "redis-server".into(),
        line: "sudo apt-get install --yes redis-tools".into(),
    };
    let multiple = packages::on_path("redis-check-rdb").ok_or_else(missing)?;
    let named = home.join("redis-server");
    let _absent_is_fine = std::fs::remove_file(&named);
    symlink(&multiple, &named).doing("linking", &named)?;
    Ok(named)
}
