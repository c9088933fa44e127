//! Which crate may import which, and where each driver lives (docs/ARCHITECTURE.md).

use super::{Package, breach::Breach};

/// Each crate with the crates of ours that it may import. A service is not in any list: services meet by HTTP or by events.
const MAY_IMPORT: [(&str, &[&str]); 20] = [
    ("domain", &[]),
    ("delivery", &["domain"]),
    ("platform", &["domain", "delivery"]),
    ("events", &["domain", "delivery", "platform"]),
    ("records", &["domain", "delivery", "platform", "events"]),
    ("migrations", &["domain", "platform"]),
    ("booking-core", &["domain"]),
    ("testkit", &["domain", "delivery", "platform", "events", "records", "migrations"]),
    ("hotel-service", KIT),
    ("search-service", KIT),
    (
        "booking-service",
        &["domain", "delivery", "platform", "events", "migrations", "records", "booking-core"],
    ),
    ("booking-mgmt-service", WITH_RECORDS),
    ("archival-service", WITH_RECORDS),
    // The invoice that a mail carries is rendered by records.
    ("notification-service", WITH_RECORDS),
    ("payment-sandbox", &["domain", "delivery", "platform", "migrations"]),
    ("vacancy", EVERYTHING),
    (
        // Ours is measured as it is: its shards on its ledger.
        "bench",
        &["domain", "delivery", "platform", "events", "booking-core", "booking-service", "migrations", "e2e"],
    ),
    ("simulation", &["domain", "delivery", "booking-core"]),
    // Over HTTP only: it starts binaries, and its checker is to share no code with what it checks.
    ("e2e", &[]),
    ("xtask", &[]),
];
const KIT: &[&str] = &["domain", "delivery", "platform", "events", "migrations"];
const WITH_RECORDS: &[&str] = &["domain", "delivery", "platform", "events", "migrations", "records"];
const EVERYTHING: &[&str] = &[
    "domain",
    "delivery",
    "platform",
    "events",
    "records",
    "migrations",
    "booking-core",
    "hotel-service",
    "search-service",
    "booking-service",
    "booking-mgmt-service",
    "archival-service",
    "notification-service",
    "payment-sandbox",
];
/// What any crate may use in its own tests, besides what it may import.
const IN_TESTS: [&str; 2] = ["testkit", "migrations"];

/// Each driver with its rooms. deny.toml says the same for the whole tree of dependencies.
const DRIVERS: [(&str, &[&str]); 5] = [
    ("rdkafka", &["events"]),
    ("redis", &["platform"]),
    ("scylla", &["records"]),
    ("elasticsearch", &["search-service"]),
    (
        "sqlx",
        &[
            "platform",
            "events",
            "records",
            "migrations",
            "hotel-service",
            "booking-service",
            "notification-service",
            // How far its walks have come is a table of its own.
            "archival-service",
            // Its tests write as booking-service does.
            "booking-mgmt-service",
        ],
    ),
];
/// The operator's tool and the tools of testing and measuring look into every store.
const EXEMPT: [&str; 4] = ["vacancy", "e2e", "bench", "testkit"];

/// Crates of rules, which do no I/O, what simulates them, and xtask, which compiles in seconds: none of these.
const PURE: [&str; 5] = ["domain", "delivery", "booking-core", "simulation", "xtask"];
const IMPURE: [&str; 9] =
    ["tokio", "actix-web", "reqwest", "sqlx", "rdkafka", "redis", "scylla", "elasticsearch", "futures"];

/// Every import that the house does not have.
pub(super) fn check(packages: &[Package]) -> Vec<Breach> {
    packages.iter().flat_map(|package| of_package(package, packages)).collect()
}

fn of_package(package: &Package, packages: &[Package]) -> Vec<Breach> {
    let breach = |what: String, remedy| Breach { place: package.manifest_path.clone(), what, remedy };
    let Some((_, may)) = MAY_IMPORT.iter().find(|(name, _)| *name == package.name) else {
        let what = format!("crate `{}` has no place in the house", package.name);
        return vec![breach(
            what,
            "give it a line in xtask/src/check/imports.rs and in docs/ARCHITECTURE.md",
        )];
    };
    let mut found = Vec::new();
    for dependency in &package.dependencies {
        let (name, in_tests) = (dependency.name.as_str(), dependency.kind.as_deref() == Some("dev"));
        let ours = packages.iter().any(|other| other.name == name);
        let named = format!("`{}` imports `{name}`", package.name);
        if ours && !may.contains(&name) && !(in_tests && IN_TESTS.contains(&name)) {
            found.push(breach(
                named,
                "move what both need into a crate that both may import, or meet by HTTP or events",
            ));
        } else if is_misplaced_driver(&package.name, name) {
            found.push(breach(
                named,
                "a driver stays in its room: use the port of platform, records or the service",
            ));
        } else if !in_tests && PURE.contains(&package.name.as_str()) && IMPURE.contains(&name) {
            found.push(breach(named, "this crate does no I/O: move what needs it to the crate around it"));
        }
    }
    found
}

fn is_misplaced_driver(package: &str, dependency: &str) -> bool {
    let rooms = DRIVERS.iter().find(|(driver, _)| *driver == dependency).map(|(_, rooms)| *rooms);
    rooms.is_some_and(|rooms| !rooms.contains(&package) && !EXEMPT.contains(&package))
}

#[cfg(test)]
mod tests {
    use super::{super::Dependency, *};

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let owned = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
            features: Vec::new(),
        };
        Package {
            name: name.to_owned(),
            manifest_path: format!("{name}/Cargo.toml").into(),
            dependencies: dependencies.iter().map(owned).collect(),
            features: std::collections::BTreeMap::new(),
        }
    }

    fn breaches(name: &str, dependency: &str, kind: Option<&str>) -> usize {
        let others = ["domain", "testkit", "hotel-service", "booking-service"].map(|name| package(name, &[]));
        let all: Vec<Package> = others.into_iter().filter(|other| other.name != name).collect();
        let all: Vec<Package> = all.into_iter().chain([package(name, &[(dependency, kind)])]).collect();
        check(&all).len()
    }

    #[test]
    fn a_service_may_not_import_another_not_even_in_tests() {
        assert_eq!(breaches("search-service", "hotel-service", None), 1);
        assert_eq!(breaches("search-service", "hotel-service", Some("dev")), 1);
        assert_eq!(breaches("search-service", "domain", None), 0);
    }

    #[test]
    fn who_checks_from_outside_shares_no_code_with_what_is_checked() {
        assert_eq!(breaches("e2e", "domain", None), 1);
        assert_eq!(breaches("e2e", "testkit", Some("dev")), 0);
    }

    #[test]
    fn testkit_is_for_tests_only() {
        assert_eq!(breaches("hotel-service", "testkit", None), 1);
        assert_eq!(breaches("hotel-service", "testkit", Some("dev")), 0);
    }

    #[test]
    fn a_driver_stays_in_its_room() {
        assert_eq!(breaches("booking-service", "rdkafka", None), 1);
        assert_eq!(breaches("booking-service", "sqlx", None), 0);
        assert_eq!(breaches("testkit", "rdkafka", None), 0);
    }

    #[test]
    fn the_rules_do_no_io() {
        assert_eq!(breaches("booking-core", "tokio", None), 1);
        assert_eq!(breaches("booking-core", "tokio", Some("dev")), 0);
    }

    #[test]
    fn a_crate_without_a_place_is_named() {
        assert!(check(&[package("extra", &[])])[0].what.contains("`extra`"));
    }
}
