//! Cassandra's native protocol, version 4: STARTUP, then one query.

use std::io::{self, Read, Write};

use crate::probe;

const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
/// An answer larger than this is not an answer to our query.
const MOST_BYTES: usize = 64 * 1024;

/// Opens a session and reads a row of `system.local`.
pub(crate) fn select_local(port: u16) -> io::Result<()> {
    let mut stream = probe::connect(port)?;
    let mut options = 1_u16.to_be_bytes().to_vec();
    for text in ["CQL_VERSION", "3.0.0"] {
        options.extend(length16(text)?);
        options.extend(text.as_bytes());
    }
    ask(&mut stream, STARTUP, &options, READY)?;
    let query = "select release_version from system.local";
    let mut body = u32::try_from(query.len()).map_err(io::Error::other)?.to_be_bytes().to_vec();
    body.extend(query.as_bytes());
    body.extend([0x00, 0x01, 0x00]); // consistency ONE, no flags
    ask(&mut stream, QUERY, &body, RESULT)
}

fn ask(stream: &mut (impl Read + Write), request: u8, body: &[u8], expected: u8) -> io::Result<()> {
    stream.write_all(&frame(request, body)?)?;
    let mut header = [0; 9];
    stream.read_exact(&mut header)?;
    let [_version, _flags, _stream_high, _stream_low, answer, length @ ..] = header;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?.min(MOST_BYTES);
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest)?;
    if answer == expected {
        return Ok(());
    }
    Err(probe::unexpected(&format!(
        "opcode {answer:#04x} instead of {expected:#04x}: {}",
        String::from_utf8_lossy(&rest)
    )))
}

fn frame(opcode: u8, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut frame = vec![0x04, 0x00, 0x00, 0x00, opcode];
    frame.extend(u32::try_from(body.len()).map_err(io::Error::other)?.to_be_bytes());
    frame.extend(body);
    Ok(frame)
}

fn length16(text: &str) -> io::Result<[u8; 2]> {
    Ok(u16::try_from(text.len()).map_err(io::Error::other)?.to_be_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_frame_carries_version_opcode_and_length() {
        assert_eq!(super::frame(0x07, b"ab").unwrap(), [4, 0, 0, 0, 7, 0, 0, 0, 2, b'a', b'b']);
    }
}
