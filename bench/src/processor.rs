//! What processes take of the processor, from `/proc/<pid>/stat` (proc(5)).

use std::{fs, path::Path};

use e2e::failed::Failed;
use sqlx::MySqlPool;

use crate::told::OrFailed as _;

/// The kernel tells times in hundredths of a second (`USER_HZ`), wherever Linux runs.
const MICROS_PER_TICK: u64 = 10_000;

/// Microseconds that a process has taken of all cores.
pub(crate) fn taken(pid: &str) -> Result<u64, Failed> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(|error| Failed::new(format!("{path}: {error}")))?;
    ticks(&text)
        .map(|ticks| ticks.saturating_mul(MICROS_PER_TICK))
        .ok_or_else(|| Failed::new(format!("{path} does not tell times")))
}

/// The same of all processes of a session: a server is what leads one, with whatever it has started.
pub(crate) fn session(leader: &str) -> Result<u64, Failed> {
    let mut sum = 0_u64;
    for entry in fs::read_dir("/proc")? {
        // Whoever has ended meanwhile takes nothing any more.
        let stat = fs::read_to_string(entry?.path().join("stat")).unwrap_or_default();
        if session_of(&stat) == Some(leader) {
            sum = sum.saturating_add(ticks(&stat).unwrap_or(0));
        }
    }
    Ok(sum.saturating_mul(MICROS_PER_TICK))
}

/// Field 6.
fn session_of(stat: &str) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(3)
}

/// Fields 14 and 15; the name in field 2 may hold anything, but its bracket closes last.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user.saturating_add(system))
}

/// The process of the database server, which runs on this machine.
pub(crate) async fn mysqld(pool: &MySqlPool) -> Result<String, Failed> {
    let sql = "select cast(@@datadir as char), cast(@@pid_file as char)";
    let (folder, file): (String, String) = sqlx::query_as(sql).fetch_one(pool).await.or_failed()?;
    let path = Path::new(&folder).join(file);
    let pid =
        fs::read_to_string(&path).map_err(|error| Failed::new(format!("{}: {error}", path.display())))?;
    Ok(pid.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_read_behind_any_name() {
        let stat = "42 (a ) name) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 5 5 20 0 1 0 100 0 0";
        assert_eq!((ticks(stat), session_of(stat)), (Some(100), Some("42")));
        assert_eq!(ticks("42 (short) S 1"), None);
    }

    #[test]
    fn this_process_is_found() {
        taken("self").unwrap();
    }
}
