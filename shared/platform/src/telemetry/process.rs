//! What this process takes of the machine, under Prometheus's own names, read when somebody asks for it.

use std::{fmt::Write as _, fs, time::Duration};

use domain::ratio::{gauge, ratio};
use tokio::runtime::Handle;

/// `USER_HZ`: in this unit Linux tells every program its times, whatever the kernel's own clock is.
const TICKS_PER_SECOND: u64 = 100;

struct Sample {
    name: &'static str,
    kind: &'static str,
    value: f64,
}

/// The samples as Prometheus text; what the system does not tell is left out.
pub(crate) fn text(runtime: &Handle) -> String {
    let all = system().into_iter().flatten().chain(tasks(runtime));
    all.fold(String::new(), |mut text, Sample { name, kind, value }| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
        text
    })
}

/// From `/proc`, which only Linux has.
fn system() -> [Option<Sample>; 6] {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let machine = fs::read_to_string("/proc/stat").unwrap_or_default();
    let open =
        fs::read_dir("/proc/self/fd").ok().map(Iterator::count).and_then(|count| u64::try_from(count).ok());
    let sample = |name, kind, value: Option<f64>| value.map(|value| Sample { name, kind, value });
    [
        sample("process_cpu_seconds_total", "counter", cpu_seconds(&stat)),
        sample(
            "process_resident_memory_bytes",
            "gauge",
            after(&status, "VmRSS:").map(|kib| gauge(kib.saturating_mul(1024))),
        ),
        sample("process_threads", "gauge", after(&status, "Threads:").map(gauge)),
        sample("process_open_fds", "gauge", open.map(gauge)),
        sample("process_max_fds", "gauge", after(&limits, "Max open files").map(gauge)),
        sample("process_start_time_seconds", "gauge", started(&stat, &machine)),
    ]
}

/// The runtime that handlers and jobs share: workers that are busy all the time leave tasks waiting.
fn tasks(runtime: &Handle) -> [Sample; 4] {
    let metrics = runtime.metrics();
    let count = |count: usize| gauge(u64::try_from(count).unwrap_or(u64::MAX));
    let busy: Duration =
        (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).sum();
    [
        Sample { name: "tokio_workers", kind: "gauge", value: count(metrics.num_workers()) },
        Sample { name: "tokio_workers_busy_seconds_total", kind: "counter", value: busy.as_secs_f64() },
        Sample { name: "tokio_tasks", kind: "gauge", value: count(metrics.num_alive_tasks()) },
        Sample { name: "tokio_tasks_waiting", kind: "gauge", value: count(metrics.global_queue_depth()) },
    ]
}

/// The number behind a word that begins a line.
fn after(text: &str, word: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(word))?.split_whitespace().next()?.parse().ok()
}

/// A field of `/proc/self/stat`, counted from 3 as `proc(5)` does: the second one, the name, may contain anything.
fn field(stat: &str, number: usize) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    let (user, system) = (field(stat, 14)?, field(stat, 15)?);
    Some(ratio(user.saturating_add(system), TICKS_PER_SECOND))
}

fn started(stat: &str, machine: &str) -> Option<f64> {
    Some(gauge(after(machine, "btime")?) + ratio(field(stat, 22)?, TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_a_name_that_may_contain_anything() {
        let stat = "7 (a) b (c) S 1 1 1 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 9 0 1234 1 1";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(started(stat, "cpu 1\nbtime 1000\n"), Some(1012.34));
        assert_eq!(cpu_seconds("what is this"), None);
    }
}
