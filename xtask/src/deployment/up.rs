//! `up` and `down`: everything from nothing, everything away.

use std::{path::Path, process::Command, time::Instant};

use super::{
    Program, binaries, build, gateway, processes, sample, services::Service, settings_file, templates,
    welcome,
};
use crate::{
    download,
    failure::{Failure, Outcome},
    progress::Board,
    stack::{self, Context},
};

/// What the caller chose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UpOptions {
    /// How many hotels the sample data has.
    pub(crate) hotels: u32,
    /// Whether the services are built with optimisation.
    pub(crate) release: bool,
    /// Whether they are built at all, or started as they are.
    pub(crate) build: bool,
}

const WIDTH: usize = 22;

/// Brings stack, migrations, services, gateway and sample data up; returns when all answer. Again: does nothing.
pub(crate) fn up(context: &Context, root: &Path, options: UpOptions) -> Outcome {
    let began = Instant::now();
    stack::up(context, false)?;
    if options.build {
        build::all(root, options.release)?;
    }
    let _lock = context.instance.lock()?;
    templates::write(&context.instance)?;
    let folder = binaries(root, options.release);
    let mut programs = Vec::new();
    for service in Service::ALL {
        programs.push(processes::program(&context.instance, &folder, service)?);
    }
    let board = Board::new(WIDTH);
    programs.push(gateway::program(context, root, &board.line("gateway"))?);
    if programs.iter().all(|program| processes::runs(&context.instance, program)) {
        say!("services: were up already, nothing done");
    } else {
        migrate(context, &folder)?;
        start(context, &programs)?;
    }
    sample::seed(context, root, options.release, options.hotels)?;
    welcome::wait_for_search(context, options.hotels)?;
    welcome::print(context, root, options.release)?;
    say!("everything answers after {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// One schema after the other where they share a server; each is quick.
fn migrate(context: &Context, binaries: &Path) -> Outcome {
    let board = Board::new(WIDTH);
    for service in Service::ALL.into_iter().filter(|service| service.migrates()) {
        let line = board.line(service.name());
        line.step("migrating");
        let mut command = Command::new(binaries.join(service.name()));
        command.args(["migrate", "--config"]).arg(settings_file(&context.instance, service.name()));
        download::run(&command, &line, None)?;
        line.done(&format!("migrated after {:.1} s", line.seconds()));
    }
    Ok(())
}

/// All side by side; each is waited for.
fn start(context: &Context, programs: &[Program]) -> Outcome {
    let board = Board::new(WIDTH);
    let failed: Vec<String> = std::thread::scope(|scope| {
        let handles: Vec<_> = programs
            .iter()
            .map(|program| {
                let line = board.line(program.name);
                (program.name, scope.spawn(move || processes::start(&context.instance, program, &line)))
            })
            .collect();
        let ended = handles.into_iter().map(|(name, handle)| (name, handle.join()));
        ended.filter_map(|(name, result)| failure(name, result)).collect()
    });
    if failed.is_empty() { Ok(()) } else { Err(Failure::Several(failed.join("\n       "))) }
}

fn failure(name: &str, result: std::thread::Result<Outcome>) -> Option<String> {
    match result {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(format!("{name}: {failure}")),
        Err(_) => Some(format!("{name}: a thread of xtask ended early")),
    }
}

/// Stops gateway, services and stack, in this order; their data stays.
pub(crate) fn down(context: &Context) -> Outcome {
    {
        let _lock = context.instance.lock()?;
        processes::end(&context.instance, "gateway")?;
        processes::end(&context.instance, processes::SECOND)?;
        let ended: Vec<Outcome> = std::thread::scope(|scope| {
            let handles = Service::ALL
                .map(|service| scope.spawn(move || processes::end(&context.instance, service.name())));
            let died = || Err(Failure::Refused("a thread of xtask ended early".into()));
            handles.into_iter().map(|handle| handle.join().unwrap_or_else(|_| died())).collect()
        });
        ended.into_iter().collect::<Outcome>()?;
    }
    stack::down(context)
}
