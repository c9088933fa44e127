//! Ending servers: only those whose process we recorded.

use std::time::{Duration, Instant};

use super::{Context, Server};
use crate::{
    download,
    failure::{Failure, Outcome},
    instance::Instance,
    probe,
    process::{Record, Signal},
};

/// After SIGKILL the kernel needs no longer than this.
const AFTER_KILL: Duration = Duration::from_secs(10);

/// Stops all servers: all are asked at once, then each is waited for.
pub(crate) fn down(context: &Context) -> Outcome {
    let _lock = context.instance.lock()?;
    stop_all(&context.instance)
}

/// Stops all servers and deletes everything they and the payment sandbox kept. The services have ended before.
pub(crate) fn reset(context: &Context, yes: bool) -> Outcome {
    let instance = &context.instance;
    if !yes {
        let folder = instance.folder.display();
        return Err(Failure::Refused(format!(
            "this deletes all data of stack `{}` in {folder}: say --yes",
            instance.name
        )));
    }
    let _lock = instance.lock()?;
    stop_all(instance)?;
    for server in Server::ALL {
        download::remove(&instance.data(server.name()))?;
        if let Some(outside) = server.outside(instance) {
            download::remove(&outside)?;
        }
    }
    // The sandbox goes with the bookings: its clock stands where theirs did, and later than the new ones'.
    for part in ["data", "logs", "run", "payment-sandbox"] {
        download::remove(&instance.folder.join(part))?;
    }
    say!("stack {}: data deleted; downloads are kept in the cache", instance.name);
    Ok(())
}

/// Stops one server: gently, or as a crash would (`kill`).
pub(crate) fn stop_one(context: &Context, server: Server, kill: bool) -> Outcome {
    let instance = &context.instance;
    let _lock = instance.lock_one(server.name())?;
    let Some(record) = Record::read(&instance.record(server.name())) else {
        say!("{}: not running", server.name());
        return Ok(());
    };
    if kill {
        record.signal(Signal::Kill);
    }
    end(instance, server, &record)?;
    say!("{}: {}", server.name(), if kill { "killed" } else { "stopped" });
    Ok(())
}

fn stop_all(instance: &Instance) -> Outcome {
    let began = Instant::now();
    let recorded =
        |server: Server| Record::read(&instance.record(server.name())).map(|record| (server, record));
    let records: Vec<(Server, Record)> = Server::ALL.into_iter().filter_map(recorded).collect();
    let running = records.iter().filter(|(_, record)| record.alive()).count();
    for (_, record) in &records {
        record.signal(Signal::Term);
    }
    for (server, record) in &records {
        finish(instance, *server, record)?;
    }
    instance.clear_durable();
    say!("stack {}: {running} servers stopped in {:.1} s", instance.name, began.elapsed().as_secs_f64());
    Ok(())
}

/// SIGTERM, patience, SIGKILL; then the record is forgotten.
pub(super) fn end(instance: &Instance, server: Server, record: &Record) -> Outcome {
    record.signal(Signal::Term);
    finish(instance, server, record)
}

fn finish(instance: &Instance, server: Server, record: &Record) -> Outcome {
    let gone = || record.members().is_empty();
    let patience = Duration::from_secs(instance.settings.stop_seconds);
    if !probe::until(Instant::now() + patience, gone) {
        record.signal(Signal::Kill);
        if !probe::until(Instant::now() + AFTER_KILL, gone) {
            let log = instance.log(server.name());
            return Err(Failure::Refused(format!(
                "{}: still there after SIGKILL (pid {}); see {}",
                server.name(),
                record.pid,
                log.display()
            )));
        }
    }
    let _absent_is_fine = std::fs::remove_file(instance.record(server.name()));
    Ok(())
}
