//! Compiles the crate again when a migration is added: the files are embedded.

fn main() {
    let folders = ["hotel/mysql", "booking/mysql", "notification/mysql", "archive", "search"];
    let mut directives = String::new();
    for folder in folders {
        directives.push_str("cargo::rerun-if-changed=");
        directives.push_str(folder);
        directives.push('\n');
    }
    let _ = std::io::Write::write_all(&mut std::io::stdout(), directives.as_bytes());
}
