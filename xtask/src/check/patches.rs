//! A crate that is mended here is the one that is built. Cargo only warns of a patch that no version matches any more.

use std::path::Path;

use super::breach::Breach;

/// How a lock file names patches that nothing takes.
const UNUSED: &str = "[[patch.unused]]";

/// The lock file, if it has a patch that is not used.
pub(super) fn check(place: &Path, lock: &str) -> Option<Breach> {
    lock.lines().any(|line| line == UNUSED).then(|| Breach {
        place: place.to_owned(),
        what: "a crate under `third-party` is not the one that is built".to_owned(),
        remedy: "take its new version there, or delete it with its `[patch.crates-io]` and tell its decision",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_that_no_version_matches_any_more_is_found() {
        let found = |lock: &str| check(Path::new("Cargo.lock"), lock).is_some();
        assert!(found("[[package]]\nname = \"a\"\n\n[[patch.unused]]\nname = \"sqlx-core\"\n"));
        assert!(!found("[[package]]\nname = \"sqlx-core\"\nversion = \"0.9.0\"\n"));
    }
}
