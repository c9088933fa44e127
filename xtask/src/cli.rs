//! The commands, as the reader types them.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    bench, check,
    deployment::{self, Service, StartOptions, UpOptions},
    download::Cache,
    failure::{Doing, Failure, Outcome},
    faults,
    instance::Instance,
    openapi, rest,
    settings::Settings,
    simulate,
    stack::{self, Context, Server},
    test::{self, Bench},
    tools,
};

/// The developer's commands of Vacancy.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = TOP_HELP
)]
struct Cli {
    /// Which instance: each has its own folder, ports, servers and services, and never touches another's. `main`, unless the
    /// command has one of its own.
    #[arg(long, global = true)]
    instance: Option<String>,
    #[command(subcommand)]
    command: Group,
}

#[derive(Debug, Subcommand)]
enum Group {
    /// The real servers (MySQL x2, Redis, Kafka, Elasticsearch, Cassandra, GreenMail), without Docker.
    #[command(after_help = STACK_HELP)]
    Stack {
        #[command(subcommand)]
        command: StackCommand,
    },
    /// Bring everything up from nothing: servers, services, gateway, sample data. Again: does nothing.
    Up {
        /// How many hotels the sample data has.
        #[arg(long, default_value_t = 500)]
        hotels: u32,
        /// Build with optimisation: for measuring.
        #[arg(long)]
        release: bool,
        /// Start the binaries as they are.
        #[arg(long)]
        no_build: bool,
    },
    /// Stop gateway, services and servers; their data stays.
    Down,
    /// Show what runs; the exit code is 0 only when all answer.
    Status,
    /// Show the end of a service's or server's log.
    Logs {
        /// Such as booking-service or kafka.
        name: String,
        /// How many lines from the end.
        #[arg(short = 'n', long, default_value_t = 100)]
        lines: usize,
    },
    /// Stop or start one service, to break something on purpose and make it good again.
    Service {
        #[command(subcommand)]
        command: ServiceCommand,
    },
    /// Write openapi/*.json from the built services, or compare them.
    Openapi {
        /// Only say what differs from the committed documents; fail if something does.
        #[arg(long)]
        check: bool,
    },
    /// Walk the main job over HTTP through the gateway, each step with its time.
    Journey,
    /// Check every invariant that the stores can show; arguments go to `vacancy admin audit`.
    Audit {
        /// Such as --wait 60s or --json.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure what each process takes of a core while nothing happens; bring it up optimised first: `cargo xtask up --release`.
    Rest {
        /// How long to watch.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Where the figures go, as JSON and as a Markdown table.
        #[arg(long, default_value = "bench/results")]
        results: PathBuf,
    },
    /// Run the booking core under seeded trouble, two processes on one database, and check every promise.
    #[command(after_help = SIMULATE_HELP)]
    Simulate {
        /// The optimised build: for campaigns.
        #[arg(long)]
        optimised: bool,
        /// Such as --seeds 20000, --seed 4711 or --planted all.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Break everything under a load near sell-out, two copies of booking-service on one database, and check every promise; on
    /// the instance `faults`.
    #[command(after_help = FAULTS_HELP)]
    Faults {
        /// Write the section of docs/PROMISES.md from what was recorded; run nothing.
        #[arg(long)]
        report: bool,
        /// With --report: write nothing, fail if the page says anything else.
        #[arg(long, requires = "report")]
        check: bool,
        /// The optimised build: for campaigns.
        #[arg(long)]
        release: bool,
        /// Such as --seed 4711 --minutes 5, --kills 1000 --bookings 2000000 or --planted all.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure ours beside honest baselines, in release, on the instance `bench`; `cargo xtask bench --help` teaches.
    #[command(disable_help_flag = true)]
    Bench {
        /// Such as `hot-room`, `--list` or `--rounds 3`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run all tests on an instance of their own; installs and starts what they need.
    Test {
        /// One stage only, behind the last before it that starts servers (`stack`) or services (`up`).
        #[arg(long)]
        only: Option<String>,
    },
    /// Check the rules of the house: file lengths, names, which crate imports which.
    Check,
    /// Check deny.toml (where drivers may be used, licences, sources) with cargo-deny, fetched when missing.
    Deny,
    /// Check compose/: the file with docker compose (fetched when missing; needs no engine), settings with the built services.
    ComposeCheck,
}

const TOP_HELP: &str = "\
Begin with:
    cargo xtask up             everything, from nothing; prints addresses, tokens and five commands to try
    cargo xtask journey        the whole booking journey, step by step
    cargo xtask test           every test
    cargo xtask down           stop everything, keep the data";

#[derive(Debug, Subcommand)]
enum ServiceCommand {
    /// Stop it: it drains first.
    Stop {
        /// Which.
        service: Service,
        /// By SIGKILL, as a crash would.
        #[arg(long)]
        kill: bool,
    },
    /// Start it and wait until it answers.
    Start {
        /// Which.
        service: Service,
        /// The optimised build.
        #[arg(long)]
        release: bool,
        /// The second copy of booking-service.
        #[arg(long)]
        second: bool,
        /// The build that `cargo xtask faults` made, which can be told to crash and to be wrong.
        #[arg(long)]
        planted: bool,
        /// A variable that it is given, as NAME=VALUE.
        #[arg(long = "env", value_parser = variable)]
        environment: Vec<(String, String)>,
    },
}

fn variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("NAME=VALUE is expected")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

const FAULTS_HELP: &str = "\
A seed decides what is broken and when, and what clients want. Every run ends with a checker that shares no code with the
services, and with the audit.

    cargo xtask faults --minutes 5                            one run, with the next seed
    cargo xtask faults --seed 4711 --minutes 5                the same schedule again
    cargo xtask faults --only crash,clock --minutes 2         these kinds: crash, kill, both, freeze, server, answers, clock
    cargo xtask faults --release --kills 1000 --bookings 2000000    a campaign; again: goes on
    cargo xtask faults --planted all                          can the checker find what it is there to find?
    cargo xtask faults --planted memory-kept                  one mistake
    cargo xtask faults --report                               the section of docs/PROMISES.md, from what was recorded
    cargo xtask faults --report --check                       is it what was recorded?

What comes of it is kept in bench/results/faults.json (--results FILE for another).";

const SIMULATE_HELP: &str = "\
A seed decides what guests want, what goes wrong and how long every message takes: the same each time, to the byte.
A seed that breaks a promise is made smaller, and the command that shows the small case is printed.

    cargo xtask simulate --seeds 20000                    as many seeds as CI runs
    cargo xtask simulate --optimised --seeds 1000000      a campaign; again: goes on behind the last seed
    cargo xtask simulate --first 5000 --seeds 100         from that seed on
    cargo xtask simulate --seed 4711                      one seed, every step of it
    cargo xtask simulate --seed 4711 --without 3,7 --spare lost    without these happenings and that trouble
    cargo xtask simulate --planted all                    can the checker find what it is there to find?

Campaigns and what was planted are kept in bench/results/simulation.json (--results FILE for another): figures are the
sum of all runs. Words of --spare and names of --planted: cargo run -p simulation -- --help";

const STACK_HELP: &str = "\
Data, logs and pids are in .vacancy (main) and .vacancy-test (test) of the checkout; downloads in ~/.cache/vacancy.
Ports, memory and folders are settings: see xtask/stack.default.toml, change them in vacancy.stack.toml.

    cargo xtask stack up                          start what does not run; again: does nothing
    cargo xtask stack status                      what runs, where, in how much memory
    cargo xtask stack logs kafka --follow         what one server says
    eval \"$(cargo xtask stack env)\"               the addresses, for your shell
    cargo xtask stack --instance test up          the second stack, for the tests
    cargo xtask stack stop-server redis --kill    break something on purpose
    cargo xtask stack start-server redis          and make it good again
    cargo xtask stack down                        stop everything, keep the data
    cargo xtask stack reset --yes                 stop everything, delete the data";

#[derive(Debug, Subcommand)]
enum StackCommand {
    /// Bring all servers up and wait until each has answered a real request.
    Up {
        /// Sync every commit to the disk, whatever the instance's setting; remembered until `down`.
        #[arg(long)]
        durable: bool,
    },
    /// Stop all servers; their data stays.
    Down,
    /// Show what runs; the exit code is 0 only when all answer.
    Status,
    /// Show the end of a server's log, or where the logs are.
    Logs {
        /// The server; without it, the paths of all logs.
        server: Option<Server>,
        /// How many lines from the end.
        #[arg(short = 'n', long, default_value_t = 100)]
        lines: usize,
        /// Keep showing what comes.
        #[arg(short, long)]
        follow: bool,
    },
    /// Stop all services and servers and delete their data.
    Reset {
        /// Yes, delete.
        #[arg(long)]
        yes: bool,
    },
    /// Print the addresses as KEY=VALUE lines.
    Env,
    /// Stop one server.
    StopServer {
        /// Which.
        server: Server,
        /// By SIGKILL, as a crash would.
        #[arg(long)]
        kill: bool,
    },
    /// Start one server and wait until it answers.
    StartServer {
        /// Which.
        server: Server,
    },
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> Outcome<ExitCode> {
    let cli = Cli::parse();
    let root = checkout()?;
    let chosen: &str = match (&cli.command, &cli.instance) {
        (Group::Test { .. }, _) => "test",
        (_, Some(instance)) => instance,
        (Group::Bench { .. }, None) => "bench",
        (Group::Faults { .. }, None) => "faults",
        (_, None) => "main",
    };
    let settings = Settings::load(&root)?;
    let cache = Cache::at(settings.cache()?)?;
    let context = Context { instance: Instance::named(chosen, &root, settings)?, cache };
    let done = |outcome: Outcome| outcome.map(|()| ExitCode::SUCCESS);
    match cli.command {
        Group::Stack { command } => run_stack(&context, &command),
        Group::Up { hotels, release, no_build } => {
            done(deployment::up(&context, &root, UpOptions { hotels, release, build: !no_build }))
        }
        Group::Down => done(deployment::down(&context)),
        Group::Status => Ok(status(&context)),
        Group::Logs { name, lines } => {
            deployment::logs(&context.instance, &name, lines);
            Ok(ExitCode::SUCCESS)
        }
        Group::Service { command } => done(run_service(&context, &root, &command)),
        Group::Openapi { check } => done(openapi::run(&root, check)),
        Group::Journey => done(test::end_to_end(&Bench { context: &context, root: &root }, "journey")),
        Group::Audit { arguments } => audit(&context, &root, &arguments),
        Group::Rest { seconds, results } => {
            done(rest::measure(&context.instance, &root.join(results), seconds))
        }
        Group::Simulate { optimised, arguments } => simulate::run(&root, optimised, &arguments),
        Group::Faults { report: true, check, .. } => done(faults::report(&root, check)),
        Group::Faults { release, arguments, .. } => {
            let bench = Bench { context: &context, root: &root };
            done(faults::run(&bench, release, &arguments))
        }
        Group::Bench { arguments } => done(bench::run(&context, &root, &arguments)),
        Group::Test { only } => done(test::run(&Bench { context: &context, root: &root }, only.as_deref())),
        Group::Check => check::check(&root),
        Group::Deny => tools::deny(&root, &context.cache),
        Group::ComposeCheck => tools::compose_check(&root, &context.cache),
    }
}

fn status(context: &Context) -> ExitCode {
    let (servers, services) = (stack::status(context), deployment::status(&context.instance));
    if servers == ExitCode::SUCCESS { services } else { servers }
}

fn run_service(context: &Context, root: &Path, command: &ServiceCommand) -> Outcome {
    match command {
        ServiceCommand::Stop { service, kill } => deployment::stop_one(&context.instance, *service, *kill),
        ServiceCommand::Start { service, release, second, planted, environment } => {
            let environment = environment.iter().cloned().collect();
            let (second, release, planted) = (*second, *release, *planted);
            let options = StartOptions { second, release, planted, environment };
            deployment::restart_one(&context.instance, root, *service, &options)
        }
    }
}

fn audit(context: &Context, root: &Path, arguments: &[String]) -> Outcome<ExitCode> {
    let mut command = deployment::admin(context, root, false);
    let status =
        command.arg("audit").args(arguments).status().doing("running", Path::new("vacancy admin audit"))?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(2)).unwrap_or(2)))
}

fn run_stack(context: &Context, command: &StackCommand) -> Outcome<ExitCode> {
    match command {
        StackCommand::Up { durable } => stack::up(context, *durable)?,
        StackCommand::Down => stack::down(context)?,
        StackCommand::Status => return Ok(stack::status(context)),
        StackCommand::Logs { server, lines, follow } => stack::logs(context, *server, *lines, *follow)?,
        StackCommand::Reset { yes } => {
            if *yes {
                deployment::down(context)?;
            }
            stack::reset(context, *yes)?;
        }
        StackCommand::Env => {
            for (key, value) in stack::endpoints(&context.instance) {
                say!("{key}={value}");
            }
        }
        StackCommand::StopServer { server, kill } => stack::stop_one(context, *server, *kill)?,
        StackCommand::StartServer { server } => stack::start_one(context, *server)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The checkout's root: the nearest folder upwards that holds this crate.
pub(crate) fn checkout() -> Outcome<PathBuf> {
    let here = std::env::current_dir().doing("finding", Path::new("the current folder"))?;
    let found = here.ancestors().find(|folder| folder.join("xtask/stack.default.toml").exists());
    found
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::Refused("run this inside a checkout of Vacancy".into()))
}
