//! What the servers on the Java machine share.

use std::path::{Path, PathBuf};

use super::Context;
use crate::{download::Artifact, failure::Outcome, instance::Instance, packages, progress::Line};

/// A Java home and the files of one artifact.
pub(super) struct Runtime {
    pub(super) home: PathBuf,
    pub(super) files: PathBuf,
}

impl Runtime {
    /// Finds or fetches both.
    pub(super) fn ensure(context: &Context, artifact: &Artifact, line: &Line) -> Outcome<Self> {
        packages::ensure_tools(!context.cache.has(artifact.folder), line)?;
        let home = packages::java_home(&context.instance.settings, &context.cache, line)?;
        let files = context.cache.artifact(artifact, line)?;
        Ok(Self { home, files })
    }

    pub(super) fn java(&self) -> PathBuf {
        self.home.join("bin/java")
    }

    /// `-cp` over all jars of the artifact.
    pub(super) fn class_path(&self) -> [String; 2] {
        ["-cp".to_owned(), format!("{}/*", self.lib().display())]
    }

    /// The folder of the jars.
    pub(super) fn lib(&self) -> PathBuf {
        self.files.join("lib")
    }
}

/// What every Java server is started with: one collector without threads of its own, for small heaps on few cores.
pub(super) fn options(instance: &Instance) -> Vec<String> {
    let quick = (!instance.warm_jvms).then_some("-XX:TieredStopAtLevel=1");
    ["-XX:+UseSerialGC"].into_iter().chain(quick).map(str::to_owned).collect()
}

/// Words as owned arguments.
pub(super) fn owned<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn what_is_measured_compiles_to_the_end_and_what_is_tested_starts_soon() {
        let root = tempfile::tempdir().unwrap();
        let is_quick = |name| {
            let instance = Instance::named(name, root.path(), Settings::load(root.path()).unwrap()).unwrap();
            options(&instance).contains(&"-XX:TieredStopAtLevel=1".to_owned())
        };
        assert!(!is_quick("bench") && is_quick("test") && is_quick("main"));
    }
}
