//! Real requests to the servers, and the wait for their first answer.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// A server on this machine that does not take a connection in this time is not there.
const CONNECT: Duration = Duration::from_secs(1);
/// The slowest first answer (Cassandra on busy cores) stays far below this.
const ANSWER: Duration = Duration::from_secs(20);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(150);

/// Connects to a port of this machine, with bounded patience for every later read and write.
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), CONNECT)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether somebody listens on a port of this machine.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), CONNECT).is_ok()
}

/// Looks at a condition until it holds or the deadline has passed; says whether it held.
pub(crate) fn until(deadline: Instant, mut holds: impl FnMut() -> bool) -> bool {
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::park_timeout(LOOK);
    }
}

/// `GET path`: the status, for servers whose readiness is an HTTP answer.
pub(crate) fn http_status(port: u16, path: &str) -> io::Result<u16> {
    let mut stream = connect(port)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    )?;
    let mut first = String::new();
    BufReader::new(stream.take(4096)).read_line(&mut first)?;
    let status = first.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    status.ok_or_else(|| unexpected(&format!("`{}` is not an HTTP answer", first.trim_end())))
}

/// An answer of 200, or why not.
pub(crate) fn http_ok(port: u16, path: &str) -> io::Result<()> {
    match http_status(port, path)? {
        200 => Ok(()),
        status => Err(unexpected(&format!("GET {path} answered {status}"))),
    }
}

/// The server answered, but not what a ready one answers.
pub(crate) fn unexpected(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
