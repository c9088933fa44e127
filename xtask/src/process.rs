//! Processes that outlive the command: started in a session of their own, remembered, and never confused with another's.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure, Outcome};

/// How to start a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Its working folder; also how a process is recognised as ours.
    pub(crate) home: PathBuf,
}

/// Whether we run as root: root installs what is missing, and starts what must not be root under another id.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What is remembered about a started process. A pid alone is not enough: pids are given again.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) pid: u32,
    start_ticks: u64,
    boot_id: String,
    /// How it was started, to see what it was told.
    pub(crate) arguments: Vec<String>,
    #[serde(default)]
    program: PathBuf,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    home: PathBuf,
}

/// What each thread of some processes has had of a core, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CpuTimes(BTreeMap<u32, u64>);

impl CpuTimes {
    /// What was had since the others were read. A thread that ended in between took its own with it.
    pub(crate) fn since(&self, before: &Self) -> u64 {
        let of = |(thread, ns): (&u32, &u64)| ns.saturating_sub(before.0.get(thread).copied().unwrap_or(0));
        self.0.iter().map(of).sum()
    }
}

/// A signal that we send.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Term,
    Kill,
}

impl Record {
    /// Reads a record; none, or one that does not parse, is the same as none.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }

    /// The process and what it started, as far as they still run.
    pub(crate) fn members(&self) -> Vec<u32> {
        if self.boot_id != boot_id() {
            return Vec::new();
        }
        processes().into_iter().filter(|stat| self.owns(stat)).map(|stat| stat.pid).collect()
    }

    /// Whether it was started so: this program, told the same.
    pub(crate) fn is_of(&self, launch: &Launch) -> bool {
        (&self.program, &self.arguments, &self.environment)
            == (&launch.program, &launch.arguments, &launch.environment)
    }

    /// Whether the process itself still runs.
    pub(crate) fn alive(&self) -> bool {
        self.boot_id == boot_id() && Stat::of(self.pid).is_some_and(|stat| self.owns(&stat))
    }

    /// Memory of all members, MiB (proportional share where the kernel tells it, else resident).
    pub(crate) fn resident_mib(&self) -> u64 {
        self.members().into_iter().map(resident_kib).sum::<u64>() / 1024
    }

    /// What all members have had of a core since they began.
    pub(crate) fn cpu_times(&self) -> CpuTimes {
        CpuTimes(self.members().into_iter().flat_map(threads).collect())
    }

    /// Sends a signal to the process (Term: it tells its own children) or to all members (Kill).
    pub(crate) fn signal(&self, signal: Signal) {
        let (word, pids) = match signal {
            Signal::Term if self.alive() => ("TERM", vec![self.pid]),
            Signal::Term => ("TERM", self.members()),
            Signal::Kill => ("KILL", self.members()),
        };
        for pid in pids {
            // The shell's own `kill`: a package with /bin/kill is not on every machine, and a process may just have ended.
            let _gone_is_fine = Command::new("sh")
                .args(["-c", &format!("kill -s {word} {pid}")])
                .stderr(Stdio::null())
                .status();
        }
    }

    fn owns(&self, stat: &Stat) -> bool {
        if stat.zombie {
            return false;
        }
        if stat.pid == self.pid {
            return stat.start_ticks == self.start_ticks;
        }
        let inside =
            || fs::read_link(format!("/proc/{}/cwd", stat.pid)).is_ok_and(|cwd| cwd.starts_with(&self.home));
        stat.session == self.pid && stat.start_ticks >= self.start_ticks && inside()
    }
}

/// Starts a process in its own session, its output appended to `log`, and writes its record.
pub(crate) fn start(launch: &Launch, log: &Path, record: &Path) -> Outcome<Record> {
    let output = File::options().create(true).append(true).open(log).doing("opening", log)?;
    let errors = output.try_clone().doing("opening", log)?;
    let mut child = Command::new("setsid")
        .arg(&launch.program)
        .args(&launch.arguments)
        .envs(&launch.environment)
        .current_dir(&launch.home)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .doing("starting", &launch.program)?;
    let pid = child.id();
    let start_ticks = Stat::of(pid).map(|stat| stat.start_ticks).unwrap_or_default();
    let home = launch.home.canonicalize().doing("resolving", &launch.home)?;
    let Launch { program, arguments, environment, .. } = launch.clone();
    let written = Record { pid, start_ticks, boot_id: boot_id(), arguments, program, environment, home };
    write(record, &written)?;
    std::thread::spawn(move || child.wait()); // so that a server which dies at once is not left a zombie
    Ok(written)
}

/// A record appears whole or not at all.
fn write(path: &Path, record: &Record) -> Outcome {
    let text = serde_json::to_string_pretty(record).map_err(|error| Failure::Refused(error.to_string()))?;
    let partial = path.with_extension("partial");
    fs::write(&partial, text).doing("writing", &partial)?;
    fs::rename(&partial, path).doing("writing", path)
}

/// The last bytes of a log, whole lines.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    const MOST_BYTES: u64 = 256 * 1024;
    let Ok(mut file) = File::open(log) else { return String::new() };
    let length = file.metadata().map_or(0, |data| data.len());
    let mut bytes = Vec::new();
    let _short_is_fine = file.seek(SeekFrom::Start(length.saturating_sub(MOST_BYTES)));
    let _short_is_fine = file.take(MOST_BYTES).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

/// What `/proc/PID/stat` says that we need.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: u32,
    session: u32,
    start_ticks: u64,
    zombie: bool,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The command's name, in brackets, may hold anything: what counts follows its last bracket (proc(5), fields 3, 6, 20 and 22).
    fn parse(text: &str) -> Option<Self> {
        let (pid, _) = text.split_once(' ')?;
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let state = *fields.first()?;
        let threads: u32 = fields.get(17)?.parse().ok()?;
        Some(Self {
            pid: pid.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            start_ticks: fields.get(19)?.parse().ok()?,
            // A process whose first thread has ended is shown as a zombie while its other threads still hold its ports.
            zombie: matches!(state, "Z" | "X") && threads <= 1,
        })
    }
}

fn processes() -> Vec<Stat> {
    let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Stat::of).collect()
}

/// Each thread with what it has had. The scheduler counts nanoseconds, where `stat` has ticks of 10 ms.
fn threads(pid: u32) -> impl Iterator<Item = (u32, u64)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| {
        let counted = fs::read_to_string(task.path().join("schedstat")).ok()?;
        Some((task.file_name().to_str()?.parse().ok()?, counted.split_whitespace().next()?.parse().ok()?))
    })
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::probe;

    const LINE: &str = "42 (a) b (c)) S 1 42 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987 1 1 1";

    fn sleeping(folder: &Path) -> Launch {
        Launch {
            program: "sleep".into(),
            arguments: vec!["60".into()],
            environment: BTreeMap::new(),
            home: folder.to_path_buf(),
        }
    }

    fn sleeper(folder: &Path) -> Record {
        start(&sleeping(folder), &folder.join("log"), &folder.join("record.json")).unwrap()
    }

    #[test]
    fn another_program_or_the_same_told_something_else_is_not_what_was_started() {
        let folder = tempfile::tempdir().unwrap();
        let (record, same) = (sleeper(folder.path()), sleeping(folder.path()));
        let environment = BTreeMap::from([("VACANCY_PLANTED_FAULT".to_owned(), "x".to_owned())]);
        assert!(record.is_of(&same));
        assert!(!record.is_of(&Launch { environment, ..same.clone() }));
        assert!(!record.is_of(&Launch { program: "planted/sleep".into(), ..same }));
        record.signal(Signal::Kill);
    }

    #[test]
    fn a_command_name_full_of_brackets_does_not_shift_the_fields() {
        let expected = Stat { pid: 42, session: 41, start_ticks: 987, zombie: false };
        assert_eq!(Stat::parse(LINE), Some(expected));
    }

    #[test]
    fn a_recycled_pid_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let record = sleeper(folder.path());
        let recycled = Record { start_ticks: record.start_ticks + 1, ..record.clone() };
        let other_boot = Record { boot_id: "another".into(), ..record.clone() };
        assert!(record.alive() && !recycled.alive() && !other_boot.alive());
        recycled.signal(Signal::Kill);
        assert!(record.alive(), "a stale record must not kill");
        record.signal(Signal::Kill);
    }

    #[test]
    fn a_record_is_read_back_and_its_process_ends_on_term() {
        let folder = tempfile::tempdir().unwrap();
        let record = sleeper(folder.path());
        assert_eq!(Record::read(&folder.path().join("record.json")).as_ref(), Some(&record));
        record.signal(Signal::Term);
        assert!(probe::until(Instant::now() + Duration::from_secs(10), || !record.alive()));
    }

    #[test]
    fn a_process_that_works_takes_of_a_core_and_threads_may_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let launch = Launch {
            program: "sh".into(),
            arguments: ["-c", "while :; do :; done"].map(str::to_owned).to_vec(),
            environment: BTreeMap::new(),
            home: folder.path().to_path_buf(),
        };
        let record = start(&launch, &folder.path().join("log"), &folder.path().join("record.json")).unwrap();
        let before = record.cpu_times();
        let works = || record.cpu_times().since(&before) > 1_000_000;
        assert!(probe::until(Instant::now() + Duration::from_secs(10), works));
        record.signal(Signal::Kill);
        let times = |all: &[(u32, u64)]| CpuTimes(all.iter().copied().collect());
        assert_eq!(times(&[(1, 50), (3, 7)]).since(&times(&[(1, 20), (2, 90)])), 37);
    }

    #[test]
    fn a_half_written_record_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        fs::write(&path, "{\"pid\": 1").unwrap();
        assert_eq!(Record::read(&path), None);
    }

    #[test]
    fn tail_gives_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(&log, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&log, 2), "two\nthree");
    }
}
