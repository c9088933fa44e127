//! `cargo xtask rest`: what the processes of an instance take of a core while nobody asks anything of them.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    deployment::Service,
    failure::{Doing, Failure, Outcome},
    instance::Instance,
    probe,
    process::{CpuTimes, Record},
    stack::Server,
};

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Our own.
    Services,
    /// The servers that ours keep busy when nothing happens.
    Stores,
    /// Told, and not counted: what they take at rest is their own affair.
    Others,
}

struct Process {
    name: &'static str,
    group: Group,
    record: Record,
    before: CpuTimes,
}

#[derive(Debug, Serialize)]
struct Figures {
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    figure: String,
    value: String,
}

/// Watches for so many seconds, prints a line for each process and the sums, and writes them as `rest.json` and `rest.md`.
pub(crate) fn measure(instance: &Instance, results: &Path, seconds: u64) -> Outcome {
    let processes = processes(instance)?;
    let begun = Instant::now();
    let one_ended = || processes.iter().any(|process| !process.record.alive());
    probe::until(begun + Duration::from_secs(seconds), one_ended);
    let mut figures = Figures { rows: Vec::new() };
    figures.tell("instance, build, seconds", format!("{}, {}, {seconds}", instance.name, build(&processes)));
    let together = [
        (Group::Services, Some("services together")),
        (Group::Stores, Some("MySQL x2, Redis and Kafka together")),
        (Group::Others, None),
    ];
    for (group, sum) in together {
        let mut total = 0;
        for process in processes.iter().filter(|process| process.group == group) {
            let share = share(process.taken()?, begun.elapsed());
            total += share;
            figures.tell(process.name, percent(share));
        }
        if let Some(sum) = sum {
            figures.tell(sum, percent(total));
        }
    }
    figures.write(results)
}

/// All that run; refused when one that is counted does not.
fn processes(instance: &Instance) -> Outcome<Vec<Process>> {
    let mut found = Vec::new();
    for (name, group) in known() {
        match Record::read(&instance.record(name)).filter(Record::alive) {
            Some(record) => found.push(Process { name, group, before: record.cpu_times(), record }),
            None if group == Group::Others => note!("{name} does not run"),
            None => return Err(gone(name)),
        }
    }
    Ok(found)
}

fn known() -> impl Iterator<Item = (&'static str, Group)> {
    let services = Service::ALL.map(|service| (service.name(), Group::Services));
    let servers = Server::ALL.map(|server| (server.name(), group(server)));
    services.into_iter().chain(servers).chain([("gateway", Group::Others)])
}

const fn group(server: Server) -> Group {
    match server {
        Server::MysqlHotel | Server::MysqlBooking | Server::Redis | Server::Kafka => Group::Stores,
        Server::Elasticsearch | Server::Cassandra | Server::Greenmail => Group::Others,
    }
}

fn gone(name: &str) -> Failure {
    Failure::Refused(format!(
        "{name} does not run: `cargo xtask up --release`, and leave it alone for a minute"
    ))
}

impl Process {
    /// Nanoseconds on a core since it was first looked at.
    fn taken(&self) -> Outcome<u64> {
        if self.record.alive() {
            Ok(self.record.cpu_times().since(&self.before))
        } else {
            Err(gone(self.name))
        }
    }
}

/// Where cargo put the binaries that run: figures count for `release` alone.
fn build(processes: &[Process]) -> String {
    let binary = processes
        .iter()
        .find(|process| process.group == Group::Services)
        .and_then(|process| fs::read_link(format!("/proc/{}/exe", process.record.pid)).ok());
    let folder = binary.as_deref().and_then(Path::parent).and_then(Path::file_name);
    folder.map_or_else(|| "unknown build".to_owned(), |folder| folder.to_string_lossy().into_owned())
}

/// Hundredths of a percent of one core.
fn share(taken_ns: u64, elapsed: Duration) -> u64 {
    let share = (u128::from(taken_ns) * 10_000).checked_div(elapsed.as_nanos());
    share.and_then(|share| u64::try_from(share).ok()).unwrap_or(0)
}

fn percent(share: u64) -> String {
    format!("{}.{:02} % of a core", share / 100, share % 100)
}

impl Figures {
    fn tell(&mut self, figure: &str, value: String) {
        say!("{figure:<38} {value}");
        self.rows.push(Row { figure: figure.to_owned(), value });
    }

    /// In the shape of what `bench` writes.
    fn write(&self, folder: &Path) -> Outcome {
        let json = serde_json::to_string_pretty(self).map_err(|error| Failure::Refused(error.to_string()))?;
        let mut table = String::from("| figure | value |\n|---|---|\n");
        for row in &self.rows {
            let _infallible = writeln!(table, "| {} | {} |", row.figure, row.value);
        }
        fs::create_dir_all(folder).doing("making", folder)?;
        for (name, text) in [("rest.json", json + "\n"), ("rest.md", table)] {
            let path = folder.join(name);
            fs::write(&path, text).doing("writing", &path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        process::{self, Launch, Signal},
        settings::Settings,
    };

    #[test]
    fn a_share_is_of_one_core_and_reads_as_percent() {
        let minute = Duration::from_mins(1);
        assert_eq!(percent(share(1_875_000_000, minute)), "3.12 % of a core");
        assert_eq!(percent(share(120_000_000_000, minute)), "200.00 % of a core");
        assert_eq!(share(1, Duration::ZERO), 0);
    }

    fn instance(root: &Path) -> Instance {
        let instance = Instance::named("test", root, Settings::load(root).unwrap()).unwrap();
        drop(instance.lock().unwrap());
        instance
    }

    fn start(instance: &Instance, name: &str) -> Record {
        let (program, home) = ("sleep".into(), instance.folder.clone());
        let launch = Launch { program, arguments: vec!["60".into()], environment: BTreeMap::new(), home };
        process::start(&launch, &instance.log(name), &instance.record(name)).unwrap()
    }

    #[test]
    fn each_process_has_a_line_and_the_counted_ones_a_sum_in_the_shape_of_a_bench() {
        let root = tempfile::tempdir().unwrap();
        let instance = instance(root.path());
        let counted = known().filter(|(_, group)| *group != Group::Others);
        let records: Vec<Record> = counted.map(|(name, _)| start(&instance, name)).collect();
        let measured = measure(&instance, root.path(), 0);
        for record in &records {
            record.signal(Signal::Kill);
        }
        measured.unwrap();
        let written = |name| fs::read_to_string(root.path().join(name)).unwrap();
        assert!(
            written("rest.md")
                .starts_with("| figure | value |\n|---|---|\n| instance, build, seconds | test, ")
        );
        let json: serde_json::Value = serde_json::from_str(&written("rest.json")).unwrap();
        let figures = json["rows"].as_array().unwrap().iter().map(|row| row["figure"].as_str().unwrap());
        let sums: Vec<&str> = figures.clone().filter(|figure| figure.ends_with(" together")).collect();
        assert_eq!(sums, ["services together", "MySQL x2, Redis and Kafka together"]);
        assert_eq!(figures.count(), 1 + records.len() + sums.len());
    }

    #[test]
    fn a_sum_without_one_of_its_processes_is_none() {
        let root = tempfile::tempdir().unwrap();
        let refused = measure(&instance(root.path()), root.path(), 0).unwrap_err();
        assert!(refused.to_string().contains("hotel-service does not run"), "{refused}");
    }
}
