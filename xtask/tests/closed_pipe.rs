//! Whoever reads only the beginning of what a command says is no failure of the command.
#![cfg(test)]

use std::process::{Command, Stdio};

#[test]
fn a_status_whose_reader_has_gone_ends_as_always() {
    let status = |out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("status").current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stdout(out);
        command.output().unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (read, unread) = (status(Stdio::null()), status(writer.into()));
    let says = String::from_utf8_lossy(&unread.stderr);
    assert_eq!((unread.status.code(), says.contains("panicked")), (read.status.code(), false), "{says}");
}
