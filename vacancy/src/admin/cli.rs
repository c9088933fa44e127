//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use platform::{telemetry, time_zones};

use super::{
    Failure, Stores,
    audit::{self, AuditArgs, Audited},
    dlq::{self, DlqCommand},
    failure::IS_IT_UP,
    mails::{self, MailsCommand},
    payments::{self, PaymentsCommand},
    reconcile, reindex,
    republish::{self, RepublishArgs},
    seed::{self, SeedArgs},
    settings::Settings,
    tell::{note, say},
    token::{self, TokenArgs},
};

/// Vacancy, for those who run it.
#[derive(Debug, Parser)]
#[command(name = "vacancy", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The operator's commands.
    #[command(after_help = EXAMPLES)]
    Admin(Admin),
}

#[derive(Debug, clap::Args)]
struct Admin {
    /// A TOML file above the defaults; `cargo xtask up` writes .vacancy/settings/vacancy.toml.
    #[arg(long, env = "VACANCY_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Check every invariant that the stores can show. Exit code 0 clean, 1 breach, 2 could not check.
    Audit(AuditArgs),
    /// Print a development token, and nothing else.
    Token(TokenArgs),
    /// Bring sample data in: real places, made-up hotels. Again: adds nothing.
    Seed(SeedArgs),
    /// What consumer groups refused: look, hand it to them again, forget it.
    Dlq {
        #[command(subcommand)]
        command: DlqCommand,
    },
    /// Rebuild the search index from the event log while searches go on.
    Reindex,
    /// Publish hotels and rooms, or nights, again from the databases: when Kafka has lost them.
    Republish(RepublishArgs),
    /// Ask the payment provider about everything that may be out of step, and send what is owed.
    Reconcile,
    /// Mails that were given up: look, put them into the queue again.
    Mails {
        #[command(subcommand)]
        command: MailsCommand,
    },
    /// Payments that an operator must decide about.
    Payments {
        #[command(subcommand)]
        command: PaymentsCommand,
    },
}

const EXAMPLES: &str = "\
Examples, with an instance of `cargo xtask up`:
    export VACANCY_CONFIG=.vacancy/settings/vacancy.toml
    vacancy admin audit --wait 60s                      is everything as promised?
    vacancy admin audit --json --only nights            one check, for a program
    vacancy admin token --role manager --ttl 30m        a token for curl
    vacancy admin dlq list --group search-hotel         what search refused
    vacancy admin dlq replay --group search-hotel       hand it over again
    vacancy admin reindex                               a new search index
    vacancy admin republish --hotels                    tell the readers of a lost Kafka everything again
    vacancy admin mails list                            mails that nobody got
    vacancy admin payments list                         what waits for a decision
    vacancy admin payments refunds list --refused       money owed that the provider does not give back";

/// The binary's `main`.
pub fn main() -> ExitCode {
    let Command::Admin(admin) = Cli::parse().command;
    match run(admin) {
        Ok(code) => code,
        Err((code, failure)) => {
            note(format!("vacancy admin: {failure}"));
            code
        }
    }
}

/// An audit that cannot be made has an exit code of its own.
fn run(admin: Admin) -> Result<ExitCode, (ExitCode, Failure)> {
    let is_audit = matches!(admin.command, AdminCommand::Audit(_));
    let code = if is_audit { ExitCode::from(2) } else { ExitCode::FAILURE };
    let settings = Settings::load(admin.config.as_deref()).map_err(|problems| (code, problems.into()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| (code, Failure::doing("starting threads", IS_IT_UP)(error)))?;
    runtime.block_on(carry_out(settings, admin.command)).map_err(|failure| (code, failure))
}

async fn carry_out(settings: Settings, command: AdminCommand) -> Result<ExitCode, Failure> {
    let telemetry = telemetry::init("vacancy", &settings.kit.telemetry);
    let _telemetry =
        telemetry.map_err(Failure::doing("starting the log", "see kit.telemetry in the settings"))?;
    time_zones::enact(&settings.kit.time_zones);
    let done = match command {
        AdminCommand::Audit(args) => return run_audit(&Stores::new(settings)?, &args).await,
        AdminCommand::Token(args) => token::run(&settings, &args),
        AdminCommand::Seed(args) => seed::run(&Stores::new(settings)?, &args).await,
        AdminCommand::Dlq { command } => dlq::run(&Stores::new(settings)?, &command).await,
        AdminCommand::Reindex => reindex::run(&settings).await,
        AdminCommand::Republish(args) => republish::run(&Stores::new(settings)?, &args).await,
        AdminCommand::Reconcile => reconcile::run(&settings).await,
        AdminCommand::Mails { command } => mails::run(&settings, &command).await,
        AdminCommand::Payments { command } => payments::run(&settings, &command).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn run_audit(stores: &Stores, args: &AuditArgs) -> Result<ExitCode, Failure> {
    audit::known(&args.only)?;
    let json = args.json;
    let told = |audited: &Audited| {
        if !json {
            for line in audited.lines() {
                say(line);
            }
        }
    };
    let all = audit::audit(stores, args, told).await;
    if json {
        say(serde_json::json!({ "verdict": audit::verdict(&all), "checks": all }));
    } else {
        say(audit::verdict(&all));
    }
    Ok(audit::exit_code(&all))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_published_again_must_be_said_and_is_one_thing_at_a_time() {
        for line in [
            "vacancy admin republish",
            "vacancy admin republish --hotels --nights",
            "vacancy admin republish --hotel 0193a5bf-1111-7c3a-9b1f-2f6a1c9d8e70",
            "vacancy admin republish --hotels --hotel seven",
            "vacancy admin republish --hotels --hotel 0193a5bf-1111-7c3a-9b1f-2f6a1c9d8e70 --after hotel/x",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
        assert!(Cli::try_parse_from("vacancy admin republish --nights --raise-version".split(' ')).is_ok());
    }

    #[test]
    fn the_settings_file_may_stand_before_or_behind_the_command() {
        for line in [
            "vacancy admin --config a.toml token --role traveller",
            "vacancy admin token --role traveller --config a.toml",
            "vacancy admin --config a.toml audit --wait 60s --json",
            "vacancy admin --config a.toml seed --hotels 5 --geonames data",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }
}
