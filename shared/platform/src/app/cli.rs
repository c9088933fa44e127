//! `serve | migrate | openapi | check-config`.

use std::{
    io::{Write as _, stderr, stdout},
    net::TcpListener,
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use super::{App, check, launch};
use crate::{
    causes::causes,
    openapi,
    settings::{Loader, ServiceSettings as _},
    start::StartError,
    telemetry, time_zones,
};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answers requests until SIGTERM or SIGINT, then drains.
    Serve(Config),
    /// Prepares the stores (schema, topics, indexes), then ends.
    Migrate(Config),
    /// Writes the `OpenAPI` document.
    Openapi {
        /// The file; else standard output.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Says what is wrong with the settings, if anything.
    CheckConfig(Config),
    /// Lists the points that `VACANCY_CRASH_POINT=NAME:N` may name.
    #[cfg(feature = "planted_faults")]
    CrashPoints,
    /// Lists the mistakes that `VACANCY_PLANTED_FAULT=NAME` may name.
    #[cfg(feature = "planted_faults")]
    PlantedFaults,
}

#[derive(clap::Args)]
struct Config {
    /// A TOML file above the defaults.
    #[arg(long, env = "VACANCY_CONFIG")]
    config: Option<PathBuf>,
}

/// A service's `main`: reads the command line and does what it says. Anything that fails is on standard error.
pub fn main<A: App>() -> ExitCode {
    let command = Cli::command().name(A::NAME).version(env!("CARGO_PKG_VERSION"));
    let cli = match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match run::<A>(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(A::NAME, &error);
            ExitCode::FAILURE
        }
    }
}

/// Tells the operator at the terminal why nothing starts; a closed pipe is no failure.
fn complain(name: &str, error: &StartError) {
    let _closed = writeln!(stderr(), "{name}: {}", causes(error));
}

fn run<A: App>(command: Command) -> Result<(), StartError> {
    #[cfg(feature = "planted_faults")]
    crate::planted::arm().map_err(|error| StartError::failed("planting a fault", error))?;
    match command {
        #[cfg(feature = "planted_faults")]
        Command::CrashPoints => {
            print(&crate::planted::points_of(A::NAME));
            Ok(())
        }
        #[cfg(feature = "planted_faults")]
        Command::PlantedFaults => {
            print(&crate::planted::faults_of(A::NAME));
            Ok(())
        }
        Command::Openapi { out } => write_openapi::<A>(out),
        Command::CheckConfig(config) => check_config::<A>(&config),
        Command::Migrate(config) => {
            let settings = settings::<A>(&config)?;
            on_runtime(async move {
                let _telemetry = telemetry::init(A::NAME, &settings.kit().telemetry)?;
                A::migrate(&settings).await
            })
        }
        Command::Serve(config) => {
            let settings = settings::<A>(&config)?;
            on_runtime(serve::<A>(settings))
        }
    }
}

/// A closed pipe is no failure.
#[cfg(feature = "planted_faults")]
fn print(lines: &str) {
    let _closed = write!(stdout(), "{lines}");
}

async fn serve<A: App>(settings: A::Settings) -> Result<(), StartError> {
    let kit = settings.kit();
    let _telemetry = telemetry::init(A::NAME, &kit.telemetry)?;
    let listener =
        TcpListener::bind(kit.http.listen).map_err(|error| StartError::failed("listening", error))?;
    let running = launch::<A>(settings, listener).await?;
    let asked = signals().map_err(|error| StartError::failed("waiting for signals", error))?;
    running.until(asked).await;
    Ok(())
}

/// Ends at SIGTERM or SIGINT.
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn on_runtime(work: impl Future<Output = Result<(), StartError>>) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::failed("starting threads", error))?;
    runtime.block_on(work)
}

fn settings<A: App>(config: &Config) -> Result<A::Settings, StartError> {
    let mut loader = Loader::new(A::DEFAULT_TOML);
    if let Some(path) = &config.config {
        loader = loader.file(path);
    }
    let settings = loader.env(A::ENV, std::env::vars()).load::<A::Settings>()?;
    check::settings::<A>(&settings)?;
    Ok(settings)
}

fn check_config<A: App>(config: &Config) -> Result<(), StartError> {
    let settings = settings::<A>(config)?;
    let law = time_zones::enact(&settings.kit().time_zones);
    let _closed = writeln!(stdout(), "{}: the settings are usable; time zones {}", A::NAME, law.version());
    Ok(())
}

fn write_openapi<A: App>(out: Option<PathBuf>) -> Result<(), StartError> {
    check::api::<A>()?;
    let text = openapi::to_text(&openapi::document(&A::routes(), A::NAME))
        .map_err(|error| StartError::failed("writing the OpenAPI document", error))?;
    match out {
        None => {
            let _closed = writeln!(stdout(), "{}", text.trim_end());
        }
        Some(path) => {
            std::fs::write(path, text)
                .map_err(|error| StartError::failed("writing the OpenAPI document", error))?;
        }
    }
    Ok(())
}
