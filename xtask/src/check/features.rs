//! Mistakes planted for tests stay out of every build that did not ask for them.

use super::{Dependency, Package, breach::Breach};

/// The feature that makes them possible.
const PLANTED: &str = "planted_faults";

/// Every crate that has them by default, or switches them on in another.
pub(super) fn check(packages: &[Package]) -> Vec<Breach> {
    packages.iter().filter(|package| has_them(package)).map(breach).collect()
}

fn breach(package: &Package) -> Breach {
    Breach {
        place: package.manifest_path.clone(),
        what: format!("`{}` has `{PLANTED}` without being asked", package.name),
        remedy: "only a feature of that very name may switch it on, and no default may",
    }
}

fn has_them(package: &Package) -> bool {
    let named = |word: &String| word.split('/').next_back() == Some(PLANTED);
    let asks = |dependency: &Dependency| dependency.features.iter().any(named);
    let others = package.features.iter().filter(|(feature, _)| *feature != PLANTED);
    package.dependencies.iter().any(asks) || others.flat_map(|(_, on)| on).any(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &[(&str, &str)], dependency: &[&str]) -> Package {
        let owned = |(name, on): &(&str, &str)| ((*name).to_owned(), vec![(*on).to_owned()]);
        let features_there = dependency.iter().map(|feature| (*feature).to_owned()).collect();
        let there = Dependency { name: "booking-core".to_owned(), kind: None, features: features_there };
        Package {
            name: "any".to_owned(),
            manifest_path: "any/Cargo.toml".into(),
            dependencies: vec![there],
            features: features.iter().map(owned).collect(),
        }
    }

    #[test]
    fn no_default_feature_and_no_import_plants_mistakes() {
        let breaches = |features: &[(&str, &str)], there: &[&str]| check(&[package(features, there)]).len();
        assert_eq!(breaches(&[("default", "planted_faults")], &[]), 1);
        assert_eq!(breaches(&[("default", "booking-core/planted_faults")], &[]), 1);
        assert_eq!(breaches(&[("trial", "planted_faults")], &[]), 1);
        assert_eq!(breaches(&[], &["planted_faults"]), 1);
        assert_eq!(breaches(&[("planted_faults", "booking-core/planted_faults")], &["books"]), 0);
    }
}
