//! What is refused before anything starts.

use super::App;
use crate::{
    openapi,
    settings::{ServiceSettings as _, SettingProblems},
    start::StartError,
};

/// Refuses settings that contradict themselves.
pub(super) fn settings<A: App>(settings: &A::Settings) -> Result<(), StartError> {
    let mut problems = settings.kit().check(A::routes().needs_tokens());
    problems.extend(settings.problems());
    if problems.is_empty() { Ok(()) } else { Err(SettingProblems(problems).into()) }
}

/// Refuses operations whose document would mislead.
pub(super) fn api<A: App>() -> Result<(), StartError> {
    openapi::check(&A::routes()).map_err(|flaw| StartError::failed("describing the API", flaw))
}
