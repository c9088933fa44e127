//! What the machine must have: installed from Debian when we are root, else named with the line to run.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    download::{self, Cache},
    failure::{Doing, Failure, Outcome},
    instance::exclusively,
    process,
    progress::Line,
    settings::Settings,
};

/// A program we need and the Debian package that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// Needed to start servers. redis-tools carries the server's program, and unlike redis-server starts none of its own.
const TO_RUN: [Tool; 1] = [Tool { program: "redis-check-rdb", package: "redis-tools" }];
/// Needed only while something has to be fetched.
const TO_FETCH: [Tool; 3] = [
    Tool { program: "mmdebstrap", package: "mmdebstrap" },
    Tool { program: "mvn", package: "maven" },
    Tool { program: "unzip", package: "unzip" },
];
/// Only root installs, so only root's processes meet here.
const ONE_APT: &str = "/run/lock/vacancy-apt.lock";
const JDK: &str = "openjdk-17-jre-headless";

/// The path of a program on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Installs, or names, what the stack misses, all at once.
pub(crate) fn ensure_tools(fetching: bool, line: &Line) -> Outcome {
    let fetch: &[Tool] = if fetching { &TO_FETCH } else { &[] };
    ensure(&[TO_RUN.as_slice(), fetch].concat(), line)
}

/// Installs, or names, every missing program at once.
pub(crate) fn ensure(tools: &[Tool], line: &Line) -> Outcome {
    let missing = || -> Vec<&str> {
        tools.iter().filter(|tool| on_path(tool.program).is_none()).map(|tool| tool.package).collect()
    };
    if missing().is_empty() {
        return Ok(());
    }
    if !can_install() {
        return Err(named(&missing()));
    }
    // The servers come up side by side, and two stacks may at once. apt waits for its lock on dpkg, but not for that on
    // its lists. Whoever comes second finds everything there.
    let _lock = exclusively(Path::new(ONE_APT))?;
    match missing().as_slice() {
        [] => Ok(()),
        packages => install(packages, line),
    }
}

/// The home of a Java 17: the setting, the machine's, Debian 12's package, or one unpacked from Debian 12 into the cache.
pub(crate) fn java_home(settings: &Settings, cache: &Cache, line: &Line) -> Outcome<PathBuf> {
    if !settings.java_home.as_os_str().is_empty() {
        return Ok(settings.java_home.clone());
    }
    if let Some(found) = installed_java(cache) {
        return Ok(found);
    }
    if can_install() && apt_has(JDK) {
        let _lock = exclusively(Path::new(ONE_APT))?;
        if installed_java(cache).is_none() {
            install(&[JDK], line)?;
        }
    } else {
        ensure_tools(true, line)?;
        cache.once("jdk-17", |folder| unpack_java(folder, line))?;
    }
    installed_java(cache).ok_or_else(|| Failure::Missing {
        what: "a Java 17 (Cassandra 5 runs on 11 and 17 only)".into(),
        line: format!("sudo apt-get install --yes {JDK}    # or set java_home in vacancy.stack.toml"),
    })
}

fn installed_java(cache: &Cache) -> Option<PathBuf> {
    let unpacked = cache.folder("jdk-17");
    let roots = [PathBuf::from("/usr/lib/jvm"), unpacked.join("usr/lib/jvm")];
    let homes =
        roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten().flatten().map(|entry| entry.path());
    homes.filter(|home| !home.is_symlink()).find(|home| is_java_17(home))
}

/// The `release` file of a JDK names its version.
fn is_java_17(home: &Path) -> bool {
    let named = home.file_name().is_some_and(|name| name.to_string_lossy().starts_with("java-17-"));
    named && home.join("bin/java").exists()
}

/// Debian's JDK links its configuration to /etc with absolute links: in an unpacked folder those must point inside it.
fn unpack_java(folder: &Path, line: &Line) -> Outcome {
    download::debian("bookworm", JDK, folder, line)?;
    let mut waiting = vec![folder.join("usr/lib/jvm")];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).doing("reading", &next)?.flatten() {
            let path = entry.path();
            match fs::read_link(&path) {
                Ok(target) if target.is_absolute() => relink(&path, &target, folder)?,
                Err(_) if path.is_dir() => waiting.push(path),
                Ok(_) | Err(_) => {}
            }
        }
    }
    Ok(())
}

fn relink(link: &Path, target: &Path, root: &Path) -> Outcome {
    let up = link.strip_prefix(root).map_or(0, |inside| inside.components().count().saturating_sub(1));
    let inside: PathBuf = std::iter::repeat_n("..", up).collect();
    fs::remove_file(link).doing("removing", link)?;
    symlink(inside.join(target.strip_prefix("/").unwrap_or(target)), link).doing("linking", link)
}

fn apt_has(package: &str) -> bool {
    let shown = Command::new("apt-cache").args(["show", "--no-all-versions", package]).output();
    shown.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
}

fn can_install() -> bool {
    process::is_root() && on_path("apt-get").is_some()
}

/// What is missing, with the line to run.
fn named(packages: &[&str]) -> Failure {
    let words = packages.join(" ");
    let line = format!("sudo apt-get install --yes --no-install-recommends {words}");
    Failure::Missing { what: words, line }
}

/// Under the lock.
fn install(packages: &[&str], line: &Line) -> Outcome {
    line.step(&format!("installing {}", packages.join(" ")));
    let mut update = Command::new("apt-get");
    update.args(["update", "-qq"]);
    // Something else may be reading the lists anew right now; what the install then lacks, it says.
    if let Err(failure) = download::run(&update, line, None) {
        line.step(&format!("going on with the lists that are there: {failure}"));
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]);
    install.args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    download::run(&install, line, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_link_is_turned_into_the_unpacked_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("usr/lib");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/vacancy-test-only.cfg"), "inside").unwrap();
        let link = folder.join("vacancy-test-only.cfg");
        symlink("/etc/vacancy-test-only.cfg", &link).unwrap();
        relink(&link, Path::new("/etc/vacancy-test-only.cfg"), root.path()).unwrap();
        assert_eq!(fs::read_to_string(link).unwrap(), "inside");
    }
}
