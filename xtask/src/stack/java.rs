//! What the servers on the Java machine share.

use std::path::{Path, PathBuf};

use super::Context;
use crate::{download::Artifact, failure::Outcome, packages, progress::Line};

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

/// Words as owned arguments.
pub(super) fn owned<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> String {
    path.display().to_string()
}
