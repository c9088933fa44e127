//! No circles among the files of a crate, and no import through the crate's root from below it.
//!
//! A file is a module; an arrow runs from who imports, or writes a path out, to where the thing is defined. A module that hands on
//! what its children define (`pub use`) is their face and no arrow: who imports through it imports from them. The
//! crate's root stands above every file and is the face for other crates only.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    breach::Breach,
    uses::{self, Import},
};

/// How often a name may be handed on before it is looked for no further.
const MOST_FACES: usize = 8;

type ModulePath = Vec<String>;

struct Module {
    place: PathBuf,
    imports: Vec<Import>,
    /// Paths that it writes out instead of importing them.
    written_out: Vec<ModulePath>,
}

impl Module {
    /// All that it names of others, but for what it only hands on.
    fn named(&self) -> impl Iterator<Item = &ModulePath> {
        let imports = self.imports.iter().filter(|import| !import.handed_on);
        imports.map(|import| &import.path).chain(&self.written_out)
    }
}

/// The modules of one crate.
struct Crate(BTreeMap<ModulePath, Module>);

/// Every breach among the files below `folder`, a crate's `src`: each file's path and text.
pub(super) fn check<'a>(folder: &Path, files: impl Iterator<Item = (&'a Path, &'a str)>) -> Vec<Breach> {
    let modules = Crate::new(folder, files);
    let mut found = modules.through_the_root();
    found.extend(modules.circles());
    found
}

impl Crate {
    fn new<'a>(folder: &Path, files: impl Iterator<Item = (&'a Path, &'a str)>) -> Self {
        let (mut modules, mut for_tests) = (BTreeMap::new(), BTreeSet::new());
        for (place, text) in files {
            let Some(path) = module_path(folder, place) else { continue };
            for name in uses::test_modules(text) {
                for_tests.insert(path.iter().cloned().chain([name.to_owned()]).collect::<ModulePath>());
            }
            // A library's root beside its main.rs: the longer one says more.
            let (imports, written_out) = (uses::of(text), uses::written_out(text));
            let module = Module { place: place.to_owned(), imports, written_out };
            if !modules.contains_key(&path) || place.ends_with("lib.rs") {
                modules.insert(path, module);
            }
        }
        modules.retain(|path, _| !for_tests.iter().any(|tests| path.starts_with(tests)));
        Self(modules)
    }

    /// The module that a path names as seen from a module, and the name that is left over.
    fn locate(&self, from: &ModulePath, path: &[String]) -> Option<(ModulePath, Option<String>)> {
        let mut at = from.clone();
        let mut rest = path.iter().peekable();
        match path.first()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                while rest.next_if(|part| *part == "super").is_some() {
                    at.pop();
                }
            }
            child => {
                let own: ModulePath = from.iter().cloned().chain([child.to_owned()]).collect();
                self.0.get(&own)?;
            }
        }
        rest.next_if(|part| *part == "crate" || *part == "self");
        while let Some(part) = rest.peek() {
            let below: ModulePath = at.iter().chain([*part]).cloned().collect();
            if !self.0.contains_key(&below) {
                break;
            }
            at = below;
            rest.next();
        }
        Some((at, rest.next().cloned()))
    }

    /// Where the imported thing is defined, through however many faces; none if it comes from another crate.
    fn defined_in(&self, from: &ModulePath, path: &[String], faces: usize) -> Option<ModulePath> {
        let (at, name) = self.locate(from, path)?;
        let handed_on = name.filter(|_| at != *from).and_then(|name| self.import(&at, &name));
        match handed_on {
            Some(import) if faces > 0 => self.defined_in(&at, &import.path, faces - 1),
            Some(_) | None => Some(at),
        }
    }

    fn import(&self, module: &ModulePath, name: &str) -> Option<&Import> {
        self.0.get(module)?.imports.iter().find(|import| import.name == name)
    }

    fn through_the_root(&self) -> Vec<Breach> {
        let mut found = Vec::new();
        for (path, module) in self.0.iter().filter(|(path, _)| !path.is_empty()) {
            for named in module.named() {
                let Some((at, Some(name))) = self.locate(path, named) else { continue };
                if at.is_empty() && self.import(&at, &name).is_some() {
                    let what = format!("imports `{name}` through the crate's root, which stands above it");
                    found.push(Breach {
                        place: module.place.clone(),
                        what,
                        remedy: "import it from where it is defined",
                    });
                }
            }
        }
        found
    }

    /// Who imports whom.
    fn arrows(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let arrows = self.0.iter().map(|(path, module)| {
            let to = module.named().filter_map(|named| self.defined_in(path, named, MOST_FACES));
            (path, to.filter(|to| to != path).collect())
        });
        arrows.collect()
    }

    fn circles(&self) -> Vec<Breach> {
        let arrows = self.arrows();
        let reach: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> =
            arrows.keys().map(|path| (*path, reachable(path, &arrows))).collect();
        let mut found = Vec::new();
        for (path, module) in &self.0 {
            let others = reach.get(path).into_iter().flatten().filter(|other| **other != path);
            let tied: Vec<&ModulePath> = others
                .filter(|other| reach.get(**other).is_some_and(|back| back.contains(path)))
                .copied()
                .collect();
            // Told once, at the circle's first file.
            if tied.first().is_some_and(|first| path < *first) {
                let names: Vec<String> = tied.iter().map(|other| format!("`{}`", other.join("::"))).collect();
                let what = format!("stands in a circle of imports with {}", names.join(", "));
                let remedy =
                    "move what ties them into the file that the others stand on, or into one of its own";
                found.push(Breach { place: module.place.clone(), what, remedy });
            }
        }
        found
    }
}

/// `src/a/b.rs` is the module `a::b`; the root has an empty path.
fn module_path(folder: &Path, place: &Path) -> Option<ModulePath> {
    let inside = place.strip_prefix(folder).ok()?.with_extension("");
    let parts: ModulePath = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let is_root = matches!(parts.as_slice(), [root] if root == "lib" || root == "main");
    Some(if is_root { Vec::new() } else { parts })
}

fn reachable<'a>(
    from: &'a ModulePath,
    arrows: &'a BTreeMap<&'a ModulePath, BTreeSet<ModulePath>>,
) -> BTreeSet<&'a ModulePath> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        for to in arrows.get(next).into_iter().flatten() {
            if seen.insert(to) {
                open.push(to);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(place, text)| (Path::new(*place), *text));
        let found = check(Path::new("a/src"), files);
        found.into_iter().map(|breach| format!("{}: {}", breach.place.display(), breach.what)).collect()
    }

    #[test]
    fn two_files_that_import_each_other_are_a_circle_told_once() {
        let files = [("a/src/lib.rs", "mod b;\nmod c;\n"), ("a/src/b.rs", "use crate::c::C;\n")];
        let c = ("a/src/c.rs", "use super::b::B;\n");
        assert_eq!(
            breaches(&[files[0], files[1], c]),
            ["a/src/b.rs: stands in a circle of imports with `c`"]
        );
        assert_eq!(breaches(&[files[0], files[1], ("a/src/c.rs", "")]), Vec::<String>::new());
    }

    #[test]
    fn a_path_that_is_written_out_ties_as_an_import_does() {
        let root = ("a/src/lib.rs", "mod b;\nmod c;\n");
        let b = ("a/src/b.rs", "fn f() -> u8 {\n    crate::c::g()\n}\n");
        let c = ("a/src/c.rs", "fn g() -> u8 {\n    super::b::RETRY\n}\n");
        assert_eq!(breaches(&[root, b, c]), ["a/src/b.rs: stands in a circle of imports with `c`"]);
        let child = ("a/src/b/d.rs", "fn g() -> u8 {\n    super::RETRY\n}\n");
        let parent = ("a/src/b.rs", "mod d;\nconst RETRY: u8 = 1;\nfn f() {\n    d::g();\n}\n");
        assert_eq!(breaches(&[root, parent, child]), Vec::<String>::new(), "the face of its children");
    }

    #[test]
    fn nobody_below_writes_a_path_through_the_root_out() {
        let root = ("a/src/lib.rs", "mod b;\nmod c;\npub use b::B;\n");
        let found = breaches(&[root, ("a/src/b.rs", ""), ("a/src/c.rs", "fn f(b: crate::B) {}\n")]);
        assert_eq!(found, ["a/src/c.rs: imports `B` through the crate's root, which stands above it"]);
    }

    #[test]
    fn a_parent_is_the_face_of_its_children_and_no_circle() {
        let parent = ("a/src/b.rs", "mod c;\nmod d;\npub use c::C;\npub use d::D;\npub struct B;\n");
        let children = [("a/src/b/c.rs", "use super::B;\n"), ("a/src/b/d.rs", "use super::C;\n")];
        assert_eq!(breaches(&[parent, children[0], children[1]]), Vec::<String>::new());
    }

    #[test]
    fn a_circle_through_a_face_is_found() {
        let parent = ("a/src/b.rs", "mod c;\nmod d;\npub use c::C;\npub use d::D;\n");
        let children = [("a/src/b/c.rs", "use super::D;\n"), ("a/src/b/d.rs", "use super::C;\n")];
        assert_eq!(
            breaches(&[parent, children[0], children[1]]),
            ["a/src/b/c.rs: stands in a circle of imports with `b::d`"]
        );
    }

    #[test]
    fn nobody_below_imports_through_the_root() {
        let root = ("a/src/lib.rs", "pub mod b;\nmod c;\npub use b::B;\n");
        let found = breaches(&[root, ("a/src/b.rs", ""), ("a/src/c.rs", "use crate::B;\n")]);
        assert_eq!(found, ["a/src/c.rs: imports `B` through the crate's root, which stands above it"]);
        assert_eq!(
            breaches(&[root, ("a/src/b.rs", ""), ("a/src/c.rs", "use crate::b::B;\n")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn tests_may_import_what_they_like() {
        let root = ("a/src/lib.rs", "mod b;\n#[cfg(test)]\nmod t;\npub use b::B;\n");
        let found = breaches(&[
            root,
            ("a/src/b.rs", "#[cfg(test)]\nuse crate::t::T;\n"),
            ("a/src/t.rs", "use crate::B;\n"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }
}
