//! What is fetched: once, into the cache, checked, and moved into place whole.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::{
    failure::{Doing, Failure, Outcome},
    instance::exclusively,
    probe,
    process::{self, hex},
    progress::Line,
};

/// Maven's plugin that copies what a pom names; pinned like everything else.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
/// The slowest fetch (100 MB over a slow line) ends long before.
const PATIENCE: Duration = Duration::from_mins(30);

/// Files from Maven Central: the pom that names them and the checksum of each.
pub(crate) struct Artifact {
    /// The folder in the cache; carries the version, so that a new version is a new folder.
    pub(crate) folder: &'static str,
    pub(crate) pom: &'static str,
    /// In the format of `sha256sum`.
    pub(crate) checksums: &'static str,
}

/// The folder of downloads.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens, or makes, the cache.
    pub(crate) fn at(root: PathBuf) -> Outcome<Self> {
        fs::create_dir_all(&root).doing("making", &root)?;
        Ok(Self { root })
    }

    /// Where something of that name is, or would be.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Whether it is there, whole.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.folder(name).exists()
    }

    /// Fills a folder once, ever, whoever else wants it at the same time.
    pub(crate) fn once(&self, name: &str, fill: impl FnOnce(&Path) -> Outcome) -> Outcome<PathBuf> {
        let folder = self.folder(name);
        if self.has(name) {
            return Ok(folder);
        }
        let _lock = exclusively(&self.root.join(format!("{name}.lock")))?;
        whole(&folder, fill)?;
        Ok(folder)
    }

    /// The files of an artifact, fetched and checked.
    pub(crate) fn artifact(&self, artifact: &Artifact, line: &Line) -> Outcome<PathBuf> {
        self.once(artifact.folder, |folder| {
            line.step("waiting for the downloads before this one");
            // One at a time: Maven's local repository is not made for two writers.
            let _lock = exclusively(&self.root.join("maven.lock"))?;
            line.step("downloading from Maven Central");
            let pom = folder.join("pom.xml");
            fs::write(&pom, artifact.pom).doing("writing", &pom)?;
            let mut command = Command::new("mvn");
            command.args(["-B", "-q", "-f"]).arg(&pom).args([COPY, "-DincludeScope=runtime"]);
            command.arg(format!("-DoutputDirectory={}", folder.join("lib").display()));
            run(&command, line, Some(folder))?;
            verify(&folder.join("lib"), artifact.checksums)
        })
    }
}

/// Makes a folder whole or not at all: `fill` works on one beside it, with a name of this process, which takes its name when all went well.
/// The name matters: a command that outlived a killed xtask may still be writing into the folder that it was given.
pub(crate) fn whole(folder: &Path, fill: impl FnOnce(&Path) -> Outcome) -> Outcome {
    if folder.exists() {
        return Ok(());
    }
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name().map(OsStr::to_string_lossy)) else {
        return Err(Failure::Refused(format!("{} has no name", folder.display())));
    };
    let begun = format!("{name}.partial-");
    for left in fs::read_dir(parent).doing("reading", parent)?.flatten() {
        if left.file_name().to_string_lossy().starts_with(&begun) && left.path().is_dir() {
            remove(&left.path())?;
        }
    }
    let partial = parent.join(format!("{begun}{}", std::process::id()));
    fs::create_dir(&partial).doing("making", &partial)?;
    fill(&partial)?;
    fs::rename(&partial, folder).doing("keeping", folder)
}

/// Unpacks a Debian package and what it depends on into a folder, without installing anything. Signatures are checked.
pub(crate) fn debian(suite: &str, package: &str, folder: &Path, line: &Line) -> Outcome {
    line.step(&format!("unpacking {package} from Debian {suite}"));
    let mut command = Command::new("mmdebstrap");
    // A mirror that is a snapshot carries an old date; the signature is still checked.
    command.args(["--aptopt=Acquire::Check-Valid-Until \"false\"", "--variant=extract"]);
    if !process::is_root() {
        // Unpacking needs no chroot, and machines that forbid user namespaces leave nobody but root another mode.
        command.arg("--mode=chrootless");
    }
    command.arg(format!("--include={package}")).arg(suite).arg(folder);
    run(&command, line, Some(folder))
}

/// Runs a command to its end, showing how much a folder holds meanwhile; its output is kept for the case that it fails.
///
/// It dies with us (`--pdeathsig`): a mysqld that makes its first data in a folder which the next xtask removes would otherwise hang for ever.
pub(crate) fn run(command: &Command, line: &Line, grows: Option<&Path>) -> Outcome {
    let shown = format!("{command:?}").replace('"', "");
    let output = output_file(grows);
    let file = File::create(&output).doing("writing", &output)?;
    let errors = file.try_clone().doing("writing", &output)?;
    let mut bound = Command::new("setpriv");
    bound.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    bound.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let mut child =
        bound.stdin(Stdio::null()).stdout(file).stderr(errors).spawn().doing("running", Path::new(&shown))?;
    let mut status = None;
    let ended = probe::until(Instant::now() + PATIENCE, || {
        if let Some(folder) = grows {
            line.tick(&format!("{} MB so far, {:.0} s", size(folder) / 1_000_000, line.seconds()));
        }
        status = child.try_wait().ok().flatten();
        status.is_some()
    });
    if !ended {
        let _gone_is_fine = child.kill();
    }
    let tail = crate::process::tail(&output, 12);
    let _left_is_fine = fs::remove_file(&output);
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Failure::Command { command: shown, status: status.to_string(), tail }),
        None => Err(Failure::Command { command: shown, status: "no end in 30 minutes".into(), tail }),
    }
}

fn output_file(folder: Option<&Path>) -> PathBuf {
    let id = format!("vacancy-xtask-{}-{:?}.out", std::process::id(), std::thread::current().id());
    let name = id.replace(['(', ')'], "");
    folder.map_or_else(|| std::env::temp_dir().join(&name), |folder| folder.with_extension(&name))
}

/// Every file has the pinned checksum, no file is missing and none is there that is not pinned.
pub(crate) fn verify(folder: &Path, checksums: &str) -> Outcome {
    let mut expected: Vec<(&str, &str)> =
        checksums.lines().filter_map(|line| line.split_once("  ")).collect();
    for entry in fs::read_dir(folder).doing("reading", folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let refuse = |reason: &str| Failure::Checksum { file: entry.path(), reason: reason.to_owned() };
        let place =
            expected.iter().position(|(_, file)| *file == name).ok_or_else(|| refuse("not a pinned file"))?;
        let (pinned, _) = expected.swap_remove(place);
        if sha256(&entry.path())? != pinned {
            return Err(refuse("its SHA-256 is not the pinned one"));
        }
    }
    match expected.first() {
        Some((_, missing)) => Err(Failure::Checksum { file: folder.join(missing), reason: "missing".into() }),
        None => Ok(()),
    }
}

fn sha256(path: &Path) -> Outcome<String> {
    let mut file = File::open(path).doing("opening", path)?;
    let mut hasher = Hasher(Sha256::new());
    io::copy(&mut file, &mut hasher).doing("reading", path)?;
    Ok(hex(&hasher.0.finalize()))
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes a folder that may not be there.
pub(crate) fn remove(folder: &Path) -> Outcome {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.doing("removing", folder),
    }
}

fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let each = entries.flatten().map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.jar\n";

    fn folder_with(content: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.jar"), content).unwrap();
        folder
    }

    #[test]
    fn the_pinned_file_passes_and_a_changed_one_does_not() {
        verify(folder_with("abc").path(), ABC).unwrap();
        let refusal = verify(folder_with("abd").path(), ABC).unwrap_err().to_string();
        assert!(refusal.contains("SHA-256"), "{refusal}");
    }

    #[test]
    fn a_file_too_many_and_a_file_too_few_are_refused() {
        let folder = folder_with("abc");
        fs::write(folder.path().join("b.jar"), "").unwrap();
        assert!(verify(folder.path(), ABC).unwrap_err().to_string().contains("not a pinned file"));
        fs::remove_file(folder.path().join("b.jar")).unwrap();
        fs::remove_file(folder.path().join("a.jar")).unwrap();
        assert!(verify(folder.path(), ABC).unwrap_err().to_string().contains("missing"));
    }

    #[test]
    fn what_a_killed_fetch_left_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("thing.partial-1");
        fs::create_dir(&left).unwrap();
        whole(&root.path().join("thing"), |_| Ok(())).unwrap();
        assert!(!left.exists() && root.path().join("thing").exists());
    }

    #[test]
    fn a_failed_fetch_leaves_nothing_and_a_good_one_runs_once() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::at(root.path().to_path_buf()).unwrap();
        let failed = cache.once("thing", |_| Err(Failure::Refused("no".into())));
        assert!(failed.is_err() && !cache.has("thing"));
        cache.once("thing", |folder| fs::write(folder.join("x"), "1").doing("writing", folder)).unwrap();
        cache.once("thing", |_| Err(Failure::Refused("again".into()))).unwrap();
    }
}
