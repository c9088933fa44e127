//! What the stack says about itself.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use super::{Context, Server};
use crate::{
    failure::{Doing, Outcome},
    instance::Instance,
    process::{self, Record},
};

/// Prints the table of servers; failure as exit code when one of them does not answer.
pub(crate) fn status(context: &Context) -> ExitCode {
    let instance = &context.instance;
    say!("stack {} in {}", instance.name, instance.folder.display());
    say!("{:<14} {:>8} {:>6}  {:<12} {:>7}", "SERVER", "PID", "PORT", "STATE", "MIB");
    let (mut total, mut ready) = (0, 0);
    for server in Server::ALL {
        let record = Record::read(&instance.record(server.name()));
        let state = state(instance, server, record.as_ref());
        let memory = record.as_ref().map_or(0, Record::resident_mib);
        let pid =
            record.filter(Record::alive).map_or_else(|| "-".to_owned(), |record| record.pid.to_string());
        say!("{:<14} {pid:>8} {:>6}  {state:<12} {memory:>7}", server.name(), server.port(instance));
        total += memory;
        ready += usize::from(state == "ready");
    }
    say!(
        "{:<14} {:>8} {:>6}  {:<12} {total:>7}",
        "total",
        "",
        "",
        format!("{ready} of {}", Server::ALL.len())
    );
    if ready == Server::ALL.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn state(instance: &Instance, server: Server, record: Option<&Record>) -> &'static str {
    match record {
        None => "stopped",
        Some(record) if !record.alive() => "crashed",
        Some(_) if server.probe(instance).is_ok() => "ready",
        Some(_) => "no answer",
    }
}

/// Prints the end of one server's log, and with `follow` whatever comes; without a server, where the logs are.
pub(crate) fn logs(context: &Context, server: Option<Server>, lines: usize, follow: bool) -> Outcome {
    let Some(server) = server else {
        for server in Server::ALL {
            say!("{}", context.instance.log(server.name()).display());
        }
        return Ok(());
    };
    let log = context.instance.log(server.name());
    if follow {
        let mut tail = Command::new("tail");
        tail.args(["-n", &lines.to_string(), "-F"]).arg(&log);
        return tail.status().map(drop).doing("following", Path::new(&log));
    }
    say!("{}", process::tail(&log, lines));
    Ok(())
}
