//! MySQL, twice: the hotel server (with notification's small database) and the booking server.
//!
//! Debian has MySQL only in sid, so its package is unpacked into the cache and run with the libraries it came with.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use super::{Context, Server, java};
use crate::{
    download,
    failure::{Doing, Failure, Outcome},
    instance::Instance,
    packages,
    process::{self, Launch, Record},
    progress::Line,
    unpacked::{libraries, loader},
    wire::mysql::PROBE_USER,
};

/// sid moves: the folder is kept, whatever 9.x it holds.
const FOLDER: &str = "mysql-sid";
const DURABLE: &str = "--sync-binlog=1";

pub(super) fn prepare(context: &Context, server: Server, databases: &[&str], line: &Line) -> Outcome<Launch> {
    packages::ensure_tools(!context.cache.has(FOLDER), line)?;
    let root =
        context.cache.once(FOLDER, |folder| download::debian("sid", "mysql-server-core", folder, line))?;
    let home = context.instance.data(server.name());
    let data = home.join("data");
    initialise(&root, &home, &data, line)?;
    forget_the_dead(context, server, &data);
    let init = home.join("init.sql");
    fs::write(&init, init_sql(&context.instance, databases)?).doing("writing", &init)?;
    let mut arguments = base(&root, &data)?;
    arguments.extend(server_options(&context.instance, server, &init));
    Ok(Launch { program: loader(&root)?, arguments, environment: BTreeMap::new(), home })
}

/// A server that was killed leaves the mark of its socket behind, with its pid. Once another process has that pid, as after a
/// restart of the machine, the next server takes it for its predecessor and ends.
fn forget_the_dead(context: &Context, server: Server, data: &Path) {
    let record = Record::read(&context.instance.record(server.name()));
    if !record.is_some_and(|record| record.alive()) {
        let _absent_is_fine = fs::remove_file(data.join("socket.lock"));
    }
}

/// Whether a recorded server was told to sync every commit.
pub(super) fn recorded_durable(context: &Context, server: Server) -> Option<bool> {
    let record = Record::read(&context.instance.record(server.name()))?;
    Some(record.arguments.iter().any(|argument| argument == DURABLE))
}

/// The first data, once.
fn initialise(root: &Path, home: &Path, data: &Path, line: &Line) -> Outcome {
    fs::create_dir_all(home).doing("making", home)?;
    download::whole(data, |folder| {
        line.step(&format!("making its first data ({})", version(root, folder)?));
        let mut command = Command::new(loader(root)?);
        command.args(base(root, folder)?).arg("--initialize-insecure");
        download::run(&command, line, None)
    })
}

/// What the server runs at each start, before it takes connections; one statement a line. root has no password and no way in but the socket.
fn init_sql(instance: &Instance, databases: &[&str]) -> Outcome<String> {
    let account = &instance.settings.mysql;
    let odd =
        |text: &str| text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if odd(&account.user) || odd(&account.password) {
        return Err(Failure::Settings(
            "mysql.user and mysql.password: letters, digits, `-`, `_` and `.` only".into(),
        ));
    }
    let (user, password) = (&account.user, &account.password);
    let mut lines: Vec<String> =
        databases.iter().map(|name| format!("create database if not exists `{name}`;")).collect();
    lines.push(format!("create user if not exists '{user}'@'%' identified by '{password}';"));
    lines.push(format!("alter user '{user}'@'%' identified by '{password}';"));
    lines.push(format!("grant all privileges on *.* to '{user}'@'%' with grant option;"));
    lines.push(format!("create user if not exists '{PROBE_USER}'@'%';"));
    Ok(lines.join("\n") + "\n")
}

fn server_options(instance: &Instance, server: Server, init: &Path) -> Vec<String> {
    let settings = &instance.settings.mysql;
    let mut options = java::owned([
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--mysqlx=OFF",
        // Relative to the data folder: a socket's path holds 107 bytes only.
        "--socket=socket",
        "--pid-file=pid",
        "--default-time-zone=+00:00",
        "--performance-schema=OFF",
        "--transaction-isolation=READ-COMMITTED",
        "--log-bin-trust-function-creators=1",
        "--innodb-redo-log-capacity=268435456",
        "--binlog-expire-logs-seconds=86400",
        // Facts never change, and every table has a key: a change need not log them.
        "--binlog-row-image=NOBLOB",
    ]);
    let durability = if instance.durable() {
        ["--innodb-flush-log-at-trx-commit=1", DURABLE]
    } else {
        ["--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0"]
    };
    options.extend(java::owned(durability));
    options.push(format!("--port={}", server.port(instance)));
    options.push(format!("--innodb-buffer-pool-size={}M", settings.buffer_pool_mib));
    options.push(format!("--max-connections={}", settings.max_connections));
    options.push(format!("--init-file={}", init.display()));
    options
}

/// The loader and libraries that came with the package, so that the machine's own release does not matter.
fn base(root: &Path, data: &Path) -> Outcome<Vec<String>> {
    let at = |inside: &str| root.join(inside).display().to_string();
    let mut arguments = vec!["--library-path".to_owned(), libraries(root)?, at("usr/sbin/mysqld")];
    arguments.push("--no-defaults".to_owned());
    for (key, inside) in [
        ("basedir", "usr"),
        ("lc-messages-dir", "usr/share/mysql"),
        ("character-sets-dir", "usr/share/mysql/charsets"),
        ("plugin-dir", "usr/lib/mysql/plugin"),
    ] {
        arguments.push(format!("--{key}={}", at(inside)));
    }
    arguments.push("--secure-file-priv=NULL".to_owned());
    arguments.push(format!("--datadir={}", data.display()));
    if process::is_root() {
        arguments.push("--user=root".to_owned());
    }
    Ok(arguments)
}

/// What the server says of itself: sid moves, so the version is whatever it had when it was unpacked.
fn version(root: &Path, data: &Path) -> Outcome<String> {
    let mut command = Command::new(loader(root)?);
    let output = command.args(base(root, data)?).arg("--version").output().doing("running", root)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text
        .split_once("Ver ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap_or("of unknown version");
    Ok(format!("MySQL {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn instance(name: &str) -> Instance {
        let root = tempfile::tempdir().unwrap();
        Instance::named(name, root.path(), Settings::load(root.path()).unwrap()).unwrap()
    }

    #[test]
    fn the_main_stack_syncs_each_commit_and_the_test_stack_does_not() {
        let of = |name| server_options(&instance(name), Server::MysqlBooking, Path::new("i.sql"));
        assert!(of("main").iter().any(|option| option == DURABLE));
        assert!(of("test").contains(&"--innodb-flush-log-at-trx-commit=2".to_owned()));
    }

    #[test]
    fn a_password_that_could_leave_its_quotes_is_refused() {
        let mut odd = instance("main");
        odd.settings.mysql.password = "x'; drop".into();
        assert!(init_sql(&odd, &["booking"]).is_err());
    }
}
