//! Our processes: started, waited for by a real request, stopped by recorded pid, one by one for the fault tests.

use std::{
    collections::BTreeMap,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use super::{Program, binaries, launch, planted, services::Service, templates};
use crate::{
    failure::{Failure, Outcome},
    instance::Instance,
    probe,
    process::{self, Record, Signal},
    progress::Line,
};

/// A service drains its requests and jobs for 35 s at most (`kit.http.drain_seconds`); a margin on top.
const DRAIN: Duration = Duration::from_secs(50);
/// After SIGKILL the kernel needs no longer than this.
const AFTER_KILL: Duration = Duration::from_secs(10);

/// The copy of booking-service beside the first one, on the same stores.
pub(super) const SECOND: &str = "booking-service-2";

/// How a service is started, where that is not as `up` would.
#[derive(Debug, Default)]
pub(crate) struct StartOptions {
    /// The second copy of booking-service.
    pub(crate) second: bool,
    /// The optimised build.
    pub(crate) release: bool,
    /// The build that can be told to crash and to be wrong.
    pub(crate) planted: bool,
    /// Variables, to tell it so.
    pub(crate) environment: BTreeMap<String, String>,
}

/// A service as a program.
pub(super) fn program(instance: &Instance, binaries: &Path, service: Service) -> Outcome<Program> {
    let launch = launch(instance, service.name(), binaries.join(service.name()))?;
    Ok(Program { name: service.name(), port: service.port(instance), ready: "/readyz", launch })
}

/// The second copy of booking-service as a program; its settings differ by the port.
fn second(instance: &Instance, binaries: &Path) -> Outcome<Program> {
    let port = instance.port(instance.settings.port_offsets.booking_service_second);
    templates::write_second(instance, SECOND, port)?;
    let launch = launch(instance, SECOND, binaries.join(Service::Booking.name()))?;
    Ok(Program { name: SECOND, port, ready: "/readyz", launch })
}

/// Whether it runs as it should be run (this build, these settings) and answers.
pub(super) fn runs(instance: &Instance, program: &Program) -> bool {
    Record::read(&instance.record(program.name))
        .is_some_and(|record| record.alive() && record.is_of(&program.launch) && !rebuilt(&record))
        && !reconfigured(instance, program)
        && probe::http_ok(program.port, program.ready).is_ok()
}

/// Whether its binary was replaced since it was started (proc(5): the link then says so).
fn rebuilt(record: &Record) -> bool {
    std::fs::read_link(format!("/proc/{}/exe", record.pid))
        .is_ok_and(|binary| binary.to_string_lossy().ends_with(" (deleted)"))
}

/// Whether a file that it was given is younger than its start.
fn reconfigured(instance: &Instance, program: &Program) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let started = changed(&instance.record(program.name));
    let settings = super::settings_file(instance, program.name);
    settings.exists() && changed(&settings) > started
}

/// Starts it, unless it runs, and waits for its first answer.
pub(super) fn start(instance: &Instance, program: &Program, line: &Line) -> Outcome {
    if runs(instance, program) {
        line.done("was up already");
        return Ok(());
    }
    end(instance, program.name)?;
    let port = program.port;
    if !probe::until(Instant::now() + AFTER_KILL, || !probe::listens(port)) {
        return Err(Failure::PortTaken { port });
    }
    line.step("starting");
    let log = instance.log(program.name);
    let record = process::start(&program.launch, &log, &instance.record(program.name))?;
    wait(instance, program, &record)?;
    line.done(&format!("ready after {:.1} s", line.seconds()));
    Ok(())
}

fn wait(instance: &Instance, program: &Program, record: &Record) -> Outcome {
    let log = instance.log(program.name);
    let seconds = instance.settings.ready_seconds;
    let mut last = String::new();
    let ready = probe::until(Instant::now() + Duration::from_secs(seconds), || {
        match probe::http_ok(program.port, program.ready) {
            Ok(()) => return true,
            Err(error) => last = error.to_string(),
        }
        !record.alive()
    });
    match (ready, record.alive()) {
        (true, true) => Ok(()),
        (_, false) => Err(Failure::Died { tail: process::tail(&log, 15), log }),
        (false, true) => Err(Failure::NotReady { seconds, last, log }),
    }
}

/// SIGTERM, patience for its drain, SIGKILL; the record is forgotten. Nothing recorded: nothing done.
pub(super) fn end(instance: &Instance, name: &str) -> Outcome {
    let path = instance.record(name);
    let Some(record) = Record::read(&path) else { return Ok(()) };
    record.signal(Signal::Term);
    let gone = || record.members().is_empty();
    if !probe::until(Instant::now() + DRAIN, gone) {
        record.signal(Signal::Kill);
        if !probe::until(Instant::now() + AFTER_KILL, gone) {
            return Err(Failure::Refused(format!("{name}: still there after SIGKILL (pid {})", record.pid)));
        }
    }
    let _absent_is_fine = std::fs::remove_file(path);
    Ok(())
}

/// Stops one service: gently, or as a crash would.
pub(crate) fn stop_one(instance: &Instance, service: Service, kill: bool) -> Outcome {
    let _lock = instance.lock_one(service.name())?;
    if kill && let Some(record) = Record::read(&instance.record(service.name())) {
        record.signal(Signal::Kill);
    }
    end(instance, service.name())?;
    say!("{}: {}", service.name(), if kill { "killed" } else { "stopped" });
    Ok(())
}

/// Starts one service again, as `up` would but for the options.
pub(crate) fn restart_one(
    instance: &Instance,
    root: &Path,
    service: Service,
    options: &StartOptions,
) -> Outcome {
    let _lock = instance.lock_one(if options.second { SECOND } else { service.name() })?;
    let folder = if options.planted { planted(instance) } else { binaries(root, options.release) };
    let mut program = match (options.second, service) {
        (false, _) => program(instance, &folder, service)?,
        (true, Service::Booking) => second(instance, &folder)?,
        (true, _) => {
            return Err(Failure::Refused("only booking-service has a second copy on one machine".into()));
        }
    };
    program.launch.environment.clone_from(&options.environment);
    start(instance, &program, &crate::progress::Board::new(22).line(program.name))
}

/// Shows our processes below the stack's; the exit code is 0 only when all answer.
pub(crate) fn status(instance: &Instance) -> ExitCode {
    let mut all = true;
    say!("{:<22} {:>8} {:>6}  {:<9} {:>9}", "service", "pid", "port", "state", "MiB");
    let gateway = ("gateway", instance.port(instance.settings.port_offsets.gateway), "/healthz");
    let services = Service::ALL.map(|service| (service.name(), service.port(instance), "/readyz"));
    for (name, port, ready) in services.into_iter().chain([gateway]) {
        let record = Record::read(&instance.record(name)).filter(Record::alive);
        let answers = record.is_some() && probe::http_ok(port, ready).is_ok();
        all &= answers;
        let state = if answers {
            "ready"
        } else if record.is_some() {
            "no answer"
        } else {
            "down"
        };
        let (pid, mib) = record.map_or((0, 0), |record| (record.pid, record.resident_mib()));
        say!("{name:<22} {pid:>8} {port:>6}  {state:<9} {mib:>9}");
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Shows the end of a program's log.
pub(crate) fn logs(instance: &Instance, name: &str, lines: usize) {
    say!("{}", process::tail(&instance.log(name), lines));
}
