use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mine {
    kit: KitSettings,
    holds: Holds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holds {
    minutes: u32,
    minutes_by_country: std::collections::BTreeMap<String, u32>,
    label: String,
}

const DEFAULTS: &str = "[holds]\nminutes = 5\nlabel = \"x\"\n[holds.minutes_by_country]\nIN = 5\nUS = 4\n";

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn later_layers_win_and_text_is_read_as_what_the_key_holds() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[holds]\nminutes = 7\n").unwrap();
    let variables = [
        ("VACANCY_BOOKING__HOLDS__LABEL", "12"),
        ("VACANCY_BOOKING__HOLDS__MINUTES_BY_COUNTRY__IN", "9"),
        ("VACANCY_HOTEL__HOLDS__MINUTES", "1"),
    ];
    let mine: Mine = Loader::new(DEFAULTS).file(file.path()).env("BOOKING", env(&variables)).load().unwrap();
    assert_eq!((mine.holds.minutes, mine.holds.label.as_str()), (7, "12"));
    assert_eq!(mine.holds.minutes_by_country.get("IN"), Some(&9));
    assert_eq!(mine.holds.minutes_by_country.get("US"), Some(&4));
}

#[test]
fn everything_wrong_is_reported_at_once_with_key_and_source() {
    let variables = [
        ("VACANCY_BOOKING__HOLDS__MINUTES", "many"),
        ("VACANCY_BOOKING__HOLDS__COLOUR", "red"),
        ("VACANCY_BOOKING__KIT__HTTP__WORKERS", "-1"),
        ("VACANCY_BOOKING__SALES__X", "1"),
    ];
    let problems = Loader::new(DEFAULTS).env("BOOKING", env(&variables)).load::<Mine>().unwrap_err();
    for (name, key) in [
        ("HOLDS__MINUTES", "holds.minutes"),
        ("HOLDS__COLOUR", "holds.colour"),
        ("KIT__HTTP__WORKERS", "kit.http.workers"),
        ("SALES__X", "sales"),
    ] {
        let found = problems.0.iter().find(|problem| problem.key == key);
        assert!(found.is_some_and(|problem| problem.says.contains(name)), "{key} in {problems}");
    }
}

#[test]
fn switches_for_development_and_limits_of_nothing_are_refused_in_a_deployment() {
    let wrong = |loader: Loader| {
        let kit = loader.load::<Mine>().unwrap().kit;
        kit.check(true).into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };
    let deployment = || Loader::new(DEFAULTS).set("kit.auth.jwks_url", "https://id.test/keys");
    assert_eq!(wrong(deployment()), Vec::<String>::new());
    let open = |loader: Loader| {
        loader.set("kit.http.allow_test_scenarios", true).set("kit.http.cors_origins", vec!["*"])
    };
    assert_eq!(wrong(open(deployment())), ["kit.http.allow_test_scenarios", "kit.http.cors_origins"]);
    let key = "a development key of at least 32 bytes";
    let machine = open(Loader::new(DEFAULTS).set("kit.auth.development_key", key));
    assert_eq!(wrong(machine), Vec::<String>::new());
    let nothing = deployment().set("kit.rate.roles.channel.burst", 0).set("kit.http.gateway_hops", 0);
    assert_eq!(wrong(nothing), ["kit.rate.roles.channel.burst", "kit.http.gateway_hops"]);
    let unknown = deployment().set("kit.rate.roles.king.burst", 1).load::<Mine>().unwrap_err();
    assert!(unknown.to_string().contains("kit.rate.roles.king"), "{unknown}");
    let typo =
        deployment().set("kit.http.gateway_addresses", vec!["10.0.0.0/33"]).load::<Mine>().unwrap_err();
    assert!(typo.to_string().contains("kit.http.gateway_addresses"), "{typo}");
}

#[test]
fn a_missing_key_and_a_missing_file_are_named() {
    let problems = Loader::new("[holds]\nminutes = 5\nlabel = \"x\"\n").load::<Mine>().unwrap_err();
    assert_eq!(problems.0, [SettingProblem::new("holds.minutes_by_country", "is missing")]);
    let problems = Loader::new(DEFAULTS).file(Path::new("no/such.toml")).load::<Mine>().unwrap_err();
    assert!(problems.to_string().contains("no/such.toml"));
}
