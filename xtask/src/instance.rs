//! One stack among several: its folder, its ports, and where each server keeps what it has.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{
    failure::{Doing, Failure, Outcome},
    settings::Settings,
};

/// A stack: a folder and a port base. Two of them live side by side without touching each other.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    /// Whether Java servers compile to the end what runs hot.
    pub(crate) warm_jvms: bool,
    port_base: u16,
    durable: bool,
}

impl Instance {
    /// The instance of that name in the checkout at `root`.
    pub(crate) fn named(name: &str, root: &Path, settings: Settings) -> Outcome<Self> {
        let known: Vec<&str> = settings.instances.keys().map(String::as_str).collect();
        let chosen = settings.instances.get(name).ok_or_else(|| {
            Failure::Settings(format!(
                "no instance `{name}`; there are: {} (add one in vacancy.stack.toml)",
                known.join(", ")
            ))
        })?;
        let folder = root.join(&chosen.folder);
        let (port_base, durable, warm_jvms) = (chosen.port_base, chosen.durable, chosen.warm_jvms);
        Ok(Self { name: name.to_owned(), folder, port_base, durable, warm_jvms, settings })
    }

    /// The port of a server, from its offset.
    pub(crate) fn port(&self, offset: u16) -> u16 {
        self.port_base.saturating_add(offset)
    }

    /// The folder that holds one server's data.
    pub(crate) fn data(&self, server: &str) -> PathBuf {
        self.folder.join("data").join(server)
    }

    /// The file that takes one server's standard output and error.
    pub(crate) fn log(&self, server: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{server}.log"))
    }

    /// The file that remembers one server's process.
    pub(crate) fn record(&self, server: &str) -> PathBuf {
        self.folder.join("run").join(format!("{server}.json"))
    }

    /// Whether commits are synced to the disk, by setting or because somebody asked for it with `up --durable`.
    pub(crate) fn durable(&self) -> bool {
        self.durable || self.durable_mark().exists()
    }

    /// Remembers (until `down`) that this stack was asked to sync its commits.
    pub(crate) fn set_durable(&self) -> Outcome {
        let mark = self.durable_mark();
        File::create(&mark).doing("writing", &mark).map(drop)
    }

    /// Forgets what `set_durable` remembered.
    pub(crate) fn clear_durable(&self) {
        let _absent_is_fine = std::fs::remove_file(self.durable_mark());
    }

    fn durable_mark(&self) -> PathBuf {
        self.folder.join("run").join("durable")
    }

    /// Makes the folders and takes the instance's lock, so that two commands never start or stop the same server at once.
    pub(crate) fn lock(&self) -> Outcome<File> {
        self.make()?;
        exclusively(&self.folder.join("lock"))
    }

    /// The same for a command that starts or stops one process: others may come and go meanwhile, but not all of them.
    pub(crate) fn lock_one(&self, name: &str) -> Outcome<[File; 2]> {
        self.make()?;
        let path = self.folder.join("lock");
        let all = opened(&path)?;
        all.lock_shared().doing("locking", &path)?;
        Ok([all, exclusively(&self.folder.join("run").join(format!("{name}.lock")))?])
    }

    fn make(&self) -> Outcome {
        for part in ["data", "logs", "run"] {
            let folder = self.folder.join(part);
            std::fs::create_dir_all(&folder).doing("making", &folder)?;
        }
        Ok(())
    }
}

/// Waits for, and takes, the lock of a file; it ends with the returned handle, or with the process.
pub(crate) fn exclusively(path: &Path) -> Outcome<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).doing("creating", folder)?;
    }
    let file = opened(path)?;
    file.lock().doing("locking", path)?;
    Ok(file)
}

fn opened(path: &Path) -> Outcome<File> {
    File::options().create(true).truncate(false).write(true).open(path).doing("opening", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_one_process_keeps_away_who_wants_the_same_or_all_and_nobody_else() {
        let root = tempfile::tempdir().unwrap();
        let instance = Instance::named("test", root.path(), Settings::load(root.path()).unwrap()).unwrap();
        let is_free = |path: &str| opened(&instance.folder.join(path)).unwrap().try_lock().is_ok();
        let kafka = instance.lock_one("kafka").unwrap();
        let redis = instance.lock_one("redis").unwrap();
        assert!(!is_free("run/kafka.lock") && !is_free("run/redis.lock") && !is_free("lock"));
        drop(kafka);
        assert!(is_free("run/kafka.lock") && !is_free("lock"));
        drop(redis);
        assert!(is_free("lock"));
    }
}
