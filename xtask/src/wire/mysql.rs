//! MySQL's protocol: the greeting, a login without a password, `select 1`.
//!
//! The account `probe` has no rights and no password (`stack/mysql.rs` creates it), so no challenge has to be answered.

use std::io::{self, Read, Write};

use crate::probe;

/// The account of the readiness check.
pub(crate) const PROBE_USER: &str = "probe";
const PLUGIN: &str = "caching_sha2_password";
const PROTOCOL_41: u32 = 0x0000_0200;
const SECURE_CONNECTION: u32 = 0x0000_8000;
const PLUGIN_AUTH: u32 = 0x0008_0000;
const COM_QUIT: u8 = 0x01;
const COM_QUERY: u8 = 0x03;
const OK: u8 = 0x00;
const ERROR: u8 = 0xff;
const UTF8MB4: u8 = 45;

/// Logs in and runs `select 1`.
pub(crate) fn select_one(port: u16) -> io::Result<()> {
    let mut stream = probe::connect(port)?;
    let (sequence, greeting) = read_packet(&mut stream)?;
    expect_first(&greeting, 10, "greeting")?;
    write_packet(&mut stream, sequence.wrapping_add(1), &login(PROBE_USER))?;
    let (_, answer) = read_packet(&mut stream)?;
    expect_first(&answer, OK, "login")?;
    let query: Vec<u8> = [COM_QUERY].into_iter().chain(*b"select 1").collect();
    write_packet(&mut stream, 0, &query)?;
    let (_, columns) = read_packet(&mut stream)?;
    expect_first(&columns, 1, "select 1")?;
    write_packet(&mut stream, 0, &[COM_QUIT])
}

/// `HandshakeResponse41` with an empty password.
fn login(user: &str) -> Vec<u8> {
    let mut body = (PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH).to_le_bytes().to_vec();
    body.extend(0x00ff_ffff_u32.to_le_bytes()); // largest packet
    body.push(UTF8MB4);
    body.extend([0; 23]);
    body.extend(user.as_bytes());
    body.extend([0, 0]); // end of the name; no password bytes
    body.extend(PLUGIN.as_bytes());
    body.push(0);
    body
}

fn read_packet(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    let [low, middle, high, sequence] = header;
    let length = usize::try_from(u32::from_le_bytes([low, middle, high, 0])).map_err(io::Error::other)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((sequence, body))
}

fn write_packet(stream: &mut impl Write, sequence: u8, body: &[u8]) -> io::Result<()> {
    let [low, middle, high, _] = u32::try_from(body.len()).map_err(io::Error::other)?.to_le_bytes();
    let mut packet = vec![low, middle, high, sequence];
    packet.extend(body);
    stream.write_all(&packet)
}

fn expect_first(packet: &[u8], expected: u8, what: &str) -> io::Result<()> {
    match packet.first() {
        Some(first) if *first == expected => Ok(()),
        Some(&ERROR) => Err(probe::unexpected(&format!("{what}: {}", error_text(packet)))),
        other => Err(probe::unexpected(&format!("{what}: answer begins with {other:?}, not {expected}"))),
    }
}

/// An error packet: marker, code (two bytes), then `#` and the SQL state, then the text.
fn error_text(packet: &[u8]) -> String {
    let code =
        packet.get(1..3).and_then(|bytes| bytes.try_into().ok()).map(u16::from_le_bytes).unwrap_or_default();
    format!("error {code}: {}", String::from_utf8_lossy(packet.get(3..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_survives_the_wire() {
        let mut wire = Vec::new();
        write_packet(&mut wire, 3, b"hello").unwrap();
        assert_eq!(wire, [5, 0, 0, 3, b'h', b'e', b'l', b'l', b'o']);
        assert_eq!(read_packet(&mut wire.as_slice()).unwrap(), (3, b"hello".to_vec()));
    }

    #[test]
    fn the_login_names_user_and_plugin_and_has_no_password() {
        let body = login("probe");
        assert_eq!(&body[32..], b"probe\0\0caching_sha2_password\0");
    }

    #[test]
    fn a_refusal_is_shown_with_its_code() {
        let packet = [&[0xff, 0x15, 0x04][..], b"#28000Access denied"].concat();
        let refusal = expect_first(&packet, OK, "login").unwrap_err().to_string();
        assert_eq!(refusal, "login: error 1045: #28000Access denied");
    }
}
