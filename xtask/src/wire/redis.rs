//! Redis: `PING`, answered `+PONG`.

use std::io::{self, Read, Write};

use crate::probe;

/// Asks `PING`; while Redis loads its file it answers `-LOADING` instead.
pub(crate) fn ping(port: u16) -> io::Result<()> {
    let mut stream = probe::connect(port)?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    if &answer == b"+PONG\r\n" {
        return Ok(());
    }
    Err(probe::unexpected(&format!("PING answered {}", String::from_utf8_lossy(&answer))))
}
