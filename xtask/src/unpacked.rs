//! Programs unpacked from Debian packages: run with the loader and the libraries that came with them,
//! so that the machine's own release does not matter.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// The dynamic loader of an unpacked folder.
pub(crate) fn loader(root: &Path) -> Outcome<PathBuf> {
    first(
        root,
        &[
            "usr/lib64/ld-linux-x86-64.so.2",
            "lib64/ld-linux-x86-64.so.2",
            "usr/lib/ld-linux-aarch64.so.1",
            "lib/ld-linux-aarch64.so.1",
        ],
    )
}

/// Its libraries, as `--library-path` takes them.
pub(crate) fn libraries(root: &Path) -> Outcome<String> {
    let multiarch = first(root, &["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"])?;
    let older = root.join("lib").join(multiarch.file_name().unwrap_or_default());
    Ok(format!("{}:{}", multiarch.display(), older.display()))
}

fn first(root: &Path, places: &[&str]) -> Outcome<PathBuf> {
    let found = places.iter().map(|place| root.join(place)).find(|path| path.exists());
    found.ok_or_else(|| {
        let text = format!("{} holds none of {}: remove it and try again", root.display(), places.join(", "));
        Failure::Refused(text)
    })
}
