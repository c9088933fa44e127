//! Bringing servers up: whatever is missing, dead or changed is made good, whatever runs is left alone.

use std::time::{Duration, Instant};

use super::{Context, Server, stop};
use crate::{
    failure::{Failure, Outcome},
    probe,
    process::{self, Record},
    progress::{Board, Line},
};

/// How long the port of a server that has just ended may look taken.
const PORT_FREE: Duration = Duration::from_secs(5);

/// What `up` found or did about one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Running,
    Started,
}

/// Brings all servers up, side by side. Returns when each has answered a real request.
pub(crate) fn up(context: &Context, durable: bool) -> Outcome {
    let _lock = context.instance.lock()?;
    if durable {
        context.instance.set_durable()?;
    }
    let began = Instant::now();
    let found = bring_up(context, &Server::ALL)?;
    let (name, seconds) = (&context.instance.name, began.elapsed().as_secs_f64());
    if found.contains(&Found::Started) {
        say!(
            "stack {name}: all {} servers ready after {seconds:.1} s; `cargo xtask stack env` has their addresses",
            found.len()
        );
    } else {
        say!("stack {name}: was up already, nothing done ({seconds:.1} s)");
    }
    Ok(())
}

/// Brings one server up.
pub(crate) fn start_one(context: &Context, server: Server) -> Outcome {
    let _lock = context.instance.lock_one(server.name())?;
    bring_up(context, &[server]).map(drop)
}

fn bring_up(context: &Context, servers: &[Server]) -> Outcome<Vec<Found>> {
    if servers.iter().all(|server| runs_and_answers(context, *server)) {
        return Ok(vec![Found::Running; servers.len()]);
    }
    let board = Board::new(14);
    let results: Vec<Outcome<Found>> = std::thread::scope(|scope| {
        let handles: Vec<_> = servers.iter().map(|server| (*server, board.line(server.name()))).collect();
        let handles: Vec<_> = handles
            .into_iter()
            .map(|(server, line)| scope.spawn(move || one(context, server, &line)))
            .collect();
        let died = || Err(Failure::Refused("a thread of xtask ended early".into()));
        handles.into_iter().map(|handle| handle.join().unwrap_or_else(|_| died())).collect()
    });
    collect(servers, results)
}

fn collect(servers: &[Server], results: Vec<Outcome<Found>>) -> Outcome<Vec<Found>> {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for (server, result) in servers.iter().zip(results) {
        match result {
            Ok(one) => found.push(one),
            Err(failure) => failed.push(format!("{}: {failure}", server.name())),
        }
    }
    if failed.is_empty() { Ok(found) } else { Err(Failure::Several(failed.join("\n       "))) }
}

fn runs_and_answers(context: &Context, server: Server) -> bool {
    let record = Record::read(&context.instance.record(server.name()));
    record.is_some_and(|record| record.alive())
        && server.probe(&context.instance).is_ok()
        && unchanged(context, server)
}

/// Whether it runs with the durability that is asked for now; other settings are compared when it is prepared.
fn unchanged(context: &Context, server: Server) -> bool {
    !matches!(server, Server::MysqlHotel | Server::MysqlBooking)
        || super::mysql::recorded_durable(context, server) == Some(context.instance.durable())
}

fn one(context: &Context, server: Server, line: &Line) -> Outcome<Found> {
    let result = try_one(context, server, line);
    match &result {
        Ok(Found::Started) => line.done(&format!("ready after {:.1} s", line.seconds())),
        Ok(Found::Running) => line.done("was up already"),
        Err(_) => line.done("failed"),
    }
    result
}

fn try_one(context: &Context, server: Server, line: &Line) -> Outcome<Found> {
    let instance = &context.instance;
    let path = instance.record(server.name());
    let old = Record::read(&path);
    if let Some(record) = old.as_ref().filter(|record| record.alive() && unchanged(context, server)) {
        wait(context, server, record)?;
        return Ok(Found::Running);
    }
    if let Some(record) = old.filter(|record| !record.members().is_empty()) {
        line.step("stopping what is left of it");
        stop::end(instance, server, &record)?;
    }
    let launch = server.prepare(context, line)?;
    let port = server.port(instance);
    // A killed server's port may need a moment until the kernel has closed it.
    if !probe::until(Instant::now() + PORT_FREE, || !probe::listens(port)) {
        return Err(Failure::PortTaken { port });
    }
    line.step("starting");
    let record = process::start(&launch, &instance.log(server.name()), &path)?;
    wait(context, server, &record)?;
    Ok(Found::Started)
}

fn wait(context: &Context, server: Server, record: &Record) -> Outcome {
    let instance = &context.instance;
    let seconds = instance.settings.ready_seconds;
    let log = instance.log(server.name());
    let mut last = String::new();
    let mut ready = false;
    probe::until(Instant::now() + Duration::from_secs(seconds), || {
        match server.probe(instance) {
            Ok(()) => ready = true,
            Err(error) => last = error.to_string(),
        }
        ready || !record.alive()
    });
    match (ready, record.alive()) {
        (true, true) => Ok(()),
        (_, false) => Err(Failure::Died { tail: process::tail(&log, 15), log }),
        (false, true) => Err(Failure::NotReady { seconds, last, log }),
    }
}
