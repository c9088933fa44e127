//! Tokens for development, signed with the development key.

use std::time::Duration;

use clap::ValueEnum;
use platform::{
    auth::{Claims, Role, mint},
    settings::Secret,
};
use uuid::Uuid;

use super::{Failure, duration, seed, settings::Settings, tell::say};

/// `token`.
#[derive(Debug, Clone, clap::Args)]
pub struct TokenArgs {
    /// What the caller may do.
    #[arg(long, value_enum)]
    pub role: RoleName,
    /// Who calls; without it always the same person per role.
    #[arg(long, value_name = "UUID")]
    pub sub: Option<Uuid>,
    /// The account the caller acts for; a manager's is by default the one that owns the sample hotels.
    #[arg(long, value_name = "UUID")]
    pub account: Option<Uuid>,
    /// The caller's own mail address, as an identity provider that has verified it would say.
    #[arg(long)]
    pub email: Option<String>,
    /// How long it is valid: 30m, 12h, 7d.
    #[arg(long, value_name = "DURATION", default_value = "12h", value_parser = duration::parse)]
    pub ttl: Duration,
}

/// A role as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Searches and books.
    Traveller,
    /// Runs hotels.
    Manager,
    /// Runs the platform.
    Operator,
    /// Another system that books for its own customers.
    Channel,
}

impl RoleName {
    const fn role(self) -> Role {
        match self {
            Self::Traveller => Role::Traveller,
            Self::Manager => Role::Manager,
            Self::Operator => Role::Operator,
            Self::Channel => Role::Channel,
        }
    }
}

/// Prints the token and nothing else.
pub(crate) fn run(settings: &Settings, args: &TokenArgs) -> Result<(), Failure> {
    say(text(settings, args)?);
    Ok(())
}

/// The token.
pub fn text(settings: &Settings, args: &TokenArgs) -> Result<String, Failure> {
    let next = "set kit.auth.development_key, as `cargo xtask up` writes it; a deployment's issuer makes its own tokens";
    let key = settings.kit.auth.development_key.as_ref().map(Secret::expose);
    let key = key.ok_or_else(|| Failure::refused("there is no development key", next))?;
    let role = args.role.role();
    let subject = args.sub.unwrap_or_else(|| seed::fixed_id(&format!("person/{}", role.as_str())));
    let mut claims = Claims::new(&settings.kit.auth, subject.to_string(), &[role], args.ttl);
    claims.email.clone_from(&args.email);
    claims.email_verified = args.email.is_some();
    claims.account_id = args.account.or_else(|| (role == Role::Manager).then(seed::owner));
    mint(key, &claims).map_err(Failure::doing("signing the token", next))
}
