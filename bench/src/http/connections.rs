//! Connections that are kept alive, one for each client that asks at once. As little as HTTP/1.1 needs, since the generator
//! shares the processor with what it measures.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use e2e::failed::Failed;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
};

/// The header of a JSON body.
pub(super) const JSON: &str = "Content-Type: application/json\r\n";
/// The gateway closes a connection that nobody has used for 65 s, a service after 75. Between two rounds of one way the others have
/// theirs, and an order that meets a closed connection would count as failed.
const TRUSTED: Duration = Duration::from_secs(30);

/// Idle connections to a server.
pub(crate) struct Connections {
    address: String,
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    stream: BufStream<TcpStream>,
    head: Vec<u8>,
    body: Vec<u8>,
    /// When it was answered last.
    used: Instant,
}

impl Connections {
    /// To `host:port`, with or without `http://`.
    pub(crate) fn to(address: &str) -> Self {
        let address = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { address, idle: Mutex::default() }
    }

    /// A request with headers that end their own lines.
    pub(crate) fn request(&self, line: &str, headers: &str, body: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        )
    }

    /// Sends a request; answers its status.
    pub(crate) async fn call(&self, request: &str) -> Result<u16, Failed> {
        self.with(async |connection| connection.call(request).await).await
    }

    /// Sends a request; answers its status and what it says.
    pub(crate) async fn ask(&self, request: &str) -> Result<(u16, Vec<u8>), Failed> {
        self.with(async |connection| Ok((connection.call(request).await?, connection.body.clone()))).await
    }

    /// A connection that fails is not kept.
    async fn with<T>(
        &self,
        call: impl AsyncFnOnce(&mut Connection) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let mut connection = match self.trusted() {
            Some(connection) => connection,
            None => Connection::open(&self.address).await?,
        };
        let answer = call(&mut connection).await?;
        connection.used = Instant::now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(answer)
    }

    /// The one that was used last; if that one was idle for too long, all were.
    fn trusted(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let last = idle.pop().filter(|last| last.used.elapsed() < TRUSTED);
        if last.is_none() {
            idle.clear();
        }
        last
    }
}

impl Connection {
    async fn open(address: &str) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufStream::new(stream), head: Vec::new(), body: Vec::new(), used: Instant::now() })
    }

    async fn call(&mut self, request: &str) -> Result<u16, Failed> {
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        self.head.clear();
        // Up to the empty line.
        while !self.head.ends_with(b"\r\n\r\n") {
            if self.stream.read_until(b'\n', &mut self.head).await? == 0 {
                return Err(Failed::new("the server hung up"));
            }
        }
        let (status, length) = read(&String::from_utf8_lossy(&self.head))?;
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        Ok(status)
    }
}

/// Status and length of the body: none with 204 (RFC 9110, 8.6). Any other without a length is none of ours.
fn read(head: &str) -> Result<(u16, usize), Failed> {
    let status: Option<u16> = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let length = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let known = status.zip(if status == Some(204) { Some(0) } else { length });
    known.ok_or_else(|| Failed::new(format!("no answer of ours: {head}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_a_length_are_read_whatever_their_case() {
        assert_eq!(read("HTTP/1.1 201 Created\r\ndate: x\r\nContent-Length: 17\r\n\r\n").unwrap(), (201, 17));
        assert_eq!(read("HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n").unwrap(), (200, 2));
        assert_eq!(read("HTTP/1.1 204 No Content\r\ndate: x\r\n\r\n").unwrap(), (204, 0));
        read("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap_err();
    }
}
