//! What it was measured on.

use std::{fmt, fs, thread};

/// Processor, memory, build.
pub(crate) struct Machine {
    cores: usize,
    model: String,
    memory_gib: u64,
}

impl Machine {
    /// This one.
    pub(crate) fn this() -> Self {
        let field = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        let memory = field("/proc/meminfo", "MemTotal");
        let kib: u64 = memory.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0);
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            model: field("/proc/cpuinfo", "model name"),
            memory_gib: kib >> 20,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let build =
            if cfg!(debug_assertions) { "DEBUG build: these figures say nothing" } else { "release build" };
        write!(
            f,
            "{} cores of {}, {} GiB, everything on one machine, {build}",
            self.cores, self.model, self.memory_gib
        )
    }
}

/// How many files and sockets a process of this shell may have open (`ulimit -n`); none if there is no such limit.
pub(crate) fn open_files() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
