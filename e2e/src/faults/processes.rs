//! Our processes: found by what `cargo xtask` remembers of them, killed, frozen, started again.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
use serde::Deserialize;

use super::schedule::{ARCHIVER, CrashPoint, FIRST, OTHERS, Process, SECOND};

/// After SIGKILL the kernel needs no longer than this.
const AFTER_KILL: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// As xtask remembers a process: a pid alone is not enough, pids are given again.
#[derive(Deserialize)]
struct Record {
    pid: u32,
    start_ticks: u64,
}

/// Starts and stops the instance's processes, from a build with crash points if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    world: World,
    /// Those that can be told to die somewhere or to make a mistake.
    planted: bool,
    release: bool,
    /// The service and the mistake that it makes from now on.
    mistake: Option<(&'static str, String)>,
}

impl Processes {
    pub(crate) fn of(world: &World, release: bool) -> Self {
        let planted = world.folder.join("planted").join(FIRST.service).exists();
        Self { world: world.clone(), planted, release, mistake: None }
    }

    /// The same, but that every process of a service makes this mistake.
    pub(crate) fn mistaken(&self, service: &'static str, mistake: &str) -> Self {
        Self { mistake: Some((service, mistake.to_owned())), ..self.clone() }
    }

    fn binary(&self, service: &str) -> PathBuf {
        self.world.folder.join("planted").join(service)
    }

    /// What a planted build lists under this word, each with its meaning.
    pub(crate) async fn listed(&self, service: &str, word: &str) -> Result<BTreeMap<String, String>, Failed> {
        if !self.planted || !self.binary(service).exists() {
            return Ok(BTreeMap::new());
        }
        let output = tokio::process::Command::new(self.binary(service)).arg(word).output().await?;
        e2e::failed::expect(output.status.success(), || {
            format!("{service} {word}: {}", String::from_utf8_lossy(&output.stderr).trim())
        })?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
        Ok(lines.map(|(name, what)| (name.to_owned(), what.trim().to_owned())).collect())
    }

    /// Where the services can be told to die.
    pub(crate) async fn crash_points(&self) -> Result<Vec<CrashPoint>, Failed> {
        let mut all = Vec::new();
        for Process { service, .. } in [FIRST, ARCHIVER].into_iter().chain(OTHERS) {
            let names = self.listed(service, "crash-points").await?.into_keys();
            all.extend(names.map(|name| CrashPoint { service, name }));
        }
        Ok(all)
    }

    fn record(&self, process: Process) -> Option<Record> {
        let path = self.world.folder.join("run").join(format!("{process}.json"));
        let record: Record = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
        lives(&record).then_some(record)
    }

    fn log(&self, process: Process) -> PathBuf {
        self.world.folder.join("logs").join(format!("{process}.log"))
    }

    /// How long its log is now.
    pub(crate) fn log_ends(&self, process: Process) -> u64 {
        std::fs::metadata(self.log(process)).map_or(0, |data| data.len())
    }

    /// Whether it has logged these words since its log was so long.
    pub(crate) fn says_since(&self, process: Process, from: u64, words: &str) -> bool {
        let text = std::fs::read(self.log(process)).unwrap_or_default();
        let since = usize::try_from(from).ok().and_then(|from| text.get(from..)).unwrap_or(&text);
        String::from_utf8_lossy(since).contains(words)
    }

    /// Whether it runs.
    pub(crate) fn runs(&self, process: Process) -> bool {
        self.record(process).is_some()
    }

    async fn signal(&self, process: Process, word: &str) -> Result<(), Failed> {
        let Some(record) = self.record(process) else { return Ok(()) };
        let mut kill = tokio::process::Command::new("sh");
        kill.args(["-c", &format!("kill -s {word} {}", record.pid)]).stderr(Stdio::null());
        kill.status().await.map(drop).map_err(Failed::from)
    }

    /// As a crash would.
    pub(crate) async fn kill(&self, process: Process) -> Result<(), Failed> {
        self.signal(process, "KILL").await?;
        self.gone_within(process, AFTER_KILL).await.then_some(()).ok_or_else(|| {
            Failed::new(format!("{process} is still there {} s after SIGKILL", AFTER_KILL.as_secs()))
        })
    }

    /// Whether it ends by itself in that time.
    pub(crate) async fn gone_within(&self, process: Process, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.runs(process) {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    /// Stands still for so long.
    pub(crate) async fn freeze(&self, process: Process, long: Duration) -> Result<(), Failed> {
        self.signal(process, "STOP").await?;
        tokio::time::sleep(long).await;
        self.signal(process, "CONT").await
    }

    /// Starts it with these variables and waits until it answers. Running: left as it is.
    pub(crate) async fn start(&self, process: Process, variables: &[(&str, &str)]) -> Result<(), Failed> {
        let mut pairs: Vec<String> =
            variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Some((service, mistake)) = &self.mistake
            && *service == process.service
        {
            pairs.push(format!("VACANCY_PLANTED_FAULT={mistake}"));
        }
        let mut arguments = vec!["service", "start", process.service];
        if process.second {
            arguments.push("--second");
        }
        if self.release {
            arguments.push("--release");
        }
        if self.planted && self.binary(process.service).exists() {
            arguments.push("--planted");
        }
        for pair in &pairs {
            arguments.extend(["--env", pair.as_str()]);
        }
        self.world.xtask(&arguments).await
    }

    /// Everything as it should be: both copies run, from the build that this run uses. The others go on if a run before left them
    /// standing still, and start only if they do not run so.
    pub(crate) async fn heal(&self) -> Result<(), Failed> {
        for process in [FIRST, SECOND, ARCHIVER] {
            self.signal(process, "CONT").await?;
            self.kill(process).await?;
            self.start(process, &[]).await?;
        }
        self.start_others().await
    }

    async fn start_others(&self) -> Result<(), Failed> {
        for process in OTHERS {
            self.signal(process, "CONT").await?;
            self.start(process, &[]).await?;
        }
        Ok(())
    }

    /// As `up` left it: one copy, of the usual build.
    pub(crate) async fn leave(&self) -> Result<(), Failed> {
        for process in [FIRST, SECOND, ARCHIVER] {
            self.kill(process).await?;
        }
        let usual = Self { planted: false, mistake: None, ..self.clone() };
        usual.start(FIRST, &[]).await?;
        usual.start(ARCHIVER, &[]).await?;
        usual.start_others().await
    }
}

/// `proc(5)`: the state is the third field, the start the twenty-second, both behind the last bracket of the name.
fn lives(record: &Record) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", record.pid)).unwrap_or_default();
    let fields: Vec<&str> =
        text.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let started = fields.get(19).and_then(|ticks| ticks.parse().ok());
    started == Some(record.start_ticks) && !matches!(fields.first(), Some(&"Z" | &"X"))
}
