//! The law of time zones that counts in this process: the system's own where it is newer than what is compiled in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::zone::{Law, ZoneFile};

use crate::settings::TimeZoneSettings;

/// Enacts the newest law at hand, and tells which it is. Once per process; a second call changes nothing.
pub fn enact(settings: &TimeZoneSettings) -> &'static Law {
    let law = newest(settings.folder.as_deref()).enact();
    metrics::gauge!("time_zones_info", "version" => law.version()).set(1.0);
    tracing::info!(version = law.version(), "time zones");
    law
}

/// What is compiled in, or what the folder holds if that is newer.
fn newest(folder: Option<&str>) -> Law {
    let compiled = Law::compiled();
    let Some(folder) = folder.map(Path::new) else { return compiled };
    match version(folder) {
        Some(version) if version.as_str() > compiled.version() => compiled.or_newer(&version, files(folder)),
        Some(_) => compiled,
        None => {
            tracing::info!(folder = %folder.display(), "no time zone database there; the compiled one counts");
            compiled
        }
    }
}

/// The release: Linux keeps it in the first line of `tzdata.zi`, BSD and macOS in `+VERSION`.
fn version(folder: &Path) -> Option<String> {
    let source = fs::read_to_string(folder.join("tzdata.zi")).ok();
    let line = source.and_then(|text| text.lines().next()?.strip_prefix("# version ").map(str::to_owned));
    let version = line.or_else(|| fs::read_to_string(folder.join("+VERSION")).ok())?;
    Some(version.trim().to_owned()).filter(|version| version.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Every zone file below the folder; what cannot be read is left out, and the compiled zone stays.
fn files(folder: &Path) -> Vec<ZoneFile> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for path in paths(&next) {
            if path.is_dir() {
                folders.push(path);
            } else if let Some(file) = zone_file(folder, &path) {
                found.push(file);
            }
        }
    }
    found
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// A file that begins as zone files do, named by its path. `posix/` and `right/` hold the same zones again.
fn zone_file(folder: &Path, path: &Path) -> Option<ZoneFile> {
    let name = path.strip_prefix(folder).ok()?.to_str()?.to_owned();
    if name.starts_with("posix/") || name.starts_with("right/") {
        return None;
    }
    let bytes = fs::read(path).ok().filter(|bytes| bytes.starts_with(b"TZif"))?;
    Some(ZoneFile { name, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder as a system has it, with one zone of its own.
    fn folder(first_line: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tzdata.zi"), format!("{first_line}\nR d 1916 o\n")).unwrap();
        fs::create_dir(folder.path().join("Moon")).unwrap();
        let block = |version: &[u8]| {
            let mut block = version.to_vec();
            block.extend([0; 15]);
            block.extend([0u32, 0, 0, 0, 1, 4].into_iter().flat_map(u32::to_be_bytes));
            block.extend([0, 0, 0, 0, 0, 0]);
            block.extend(b"UTC\0");
            block
        };
        let bytes = [block(b"TZif2"), block(b"TZif2"), b"\nUTC0\n".to_vec()].concat();
        fs::write(folder.path().join("Moon/Base"), bytes).unwrap();
        folder
    }

    #[test]
    fn the_systems_law_counts_where_it_is_newer() {
        let newer = folder("# version 2099a");
        let law = newest(newer.path().to_str());
        assert_eq!((law.version(), law.has("Moon/Base"), law.has("Europe/Rome")), ("2099a", true, true));
    }

    #[test]
    fn an_older_law_or_none_leaves_the_compiled_one() {
        for first_line in ["# version 2019c", "no version", ""] {
            let older = folder(first_line);
            let law = newest(older.path().to_str());
            assert_eq!(
                (law.version(), law.has("Moon/Base")),
                (Law::compiled().version(), false),
                "{first_line}"
            );
        }
        assert_eq!(newest(Some("/nowhere")).version(), Law::compiled().version());
        assert_eq!(newest(None).version(), Law::compiled().version());
    }
}
