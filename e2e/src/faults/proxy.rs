//! A door between clients and a copy of a service: loses answers, sends requests twice (the second to the other copy), cuts
//! requests in the middle. One request per connection, as its clients send them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use e2e::failed::Failed;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use super::dice::Dice;

/// An answer to a request that was sent twice says so.
pub(crate) const DOUBLED: &str = "x-doubled";

/// Requests of ours are shorter.
const LONGEST: usize = 64 * 1024;

/// How often what happens to a request, in percent.
#[derive(Debug, Default)]
pub(crate) struct Mood {
    pub(crate) lost: AtomicU64,
    pub(crate) twice: AtomicU64,
    pub(crate) cut: AtomicU64,
}

impl Mood {
    pub(crate) fn set(&self, lost: u64, twice: u64, cut: u64) {
        self.lost.store(lost, Ordering::Relaxed);
        self.twice.store(twice, Ordering::Relaxed);
        self.cut.store(cut, Ordering::Relaxed);
    }
}

/// An open door.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) address: String,
    task: AbortHandle,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Behind {
    copy: String,
    other: String,
    mood: Arc<Mood>,
    dice: Mutex<Dice>,
}

impl Door {
    /// In front of a copy (`host:port`), beside another one.
    pub(crate) async fn open(copy: &str, other: &str, mood: Arc<Mood>, dice: Dice) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let (copy, other) = (copy.to_owned(), other.to_owned());
        let behind = Arc::new(Behind { copy, other, mood, dice: Mutex::new(dice) });
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let behind = Arc::clone(&behind);
                tokio::spawn(async move { behind.serve(client).await });
            }
        });
        Ok(Self { address, task: task.abort_handle() })
    }
}

impl Behind {
    fn happens(&self, often: &AtomicU64) -> bool {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).percent(often.load(Ordering::Relaxed))
    }

    /// Whatever goes wrong is a cut connection to the client.
    async fn serve(&self, mut client: TcpStream) -> Option<()> {
        let request = whole(&mut client).await?;
        if self.happens(&self.mood.cut) {
            let half = request.get(..request.len() / 2)?;
            return TcpStream::connect(&self.copy).await.ok()?.write_all(half).await.ok();
        }
        let answer = if self.happens(&self.mood.twice) {
            let (answer, _other) = tokio::join!(ask(&self.copy, &request), ask(&self.other, &request));
            said_to_be_doubled(answer?)
        } else {
            ask(&self.copy, &request).await?
        };
        if self.happens(&self.mood.lost) {
            return None;
        }
        client.write_all(&answer).await.ok()?;
        client.shutdown().await.ok()
    }
}

/// Behind its first line: what the other copy makes of the request, its client is not told.
fn said_to_be_doubled(mut answer: Vec<u8>) -> Vec<u8> {
    if let Some(end) = answer.windows(2).position(|two| two == b"\r\n") {
        let header = format!("{DOUBLED}: 1\r\n");
        answer.splice(end + 2..end + 2, header.into_bytes());
    }
    answer
}

/// The answer, to its end: the request says that the connection is closed behind it.
async fn ask(copy: &str, request: &[u8]) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect(copy).await.ok()?;
    server.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    (!answer.is_empty()).then_some(answer)
}

/// Head and body of a request.
async fn whole(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if let Some(length) = length(&request)
            && request.len() >= length
        {
            return Some(request);
        }
        if client.read_buf(&mut request).await.ok()? == 0 || request.len() > LONGEST {
            return None;
        }
    }
}

/// How long it will be, once its head is there.
fn length(request: &[u8]) -> Option<usize> {
    let head = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(request.get(..head)?).ok()?;
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + 4 + body.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

    /// A copy that answers each request with its count.
    async fn copy() -> (String, Arc<AtomicU64>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, count) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if whole(&mut stream).await.is_some() {
                    counted.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nyes").await.unwrap();
                }
            }
        });
        (address, count)
    }

    /// What a client gets, and how often each copy was asked.
    async fn through(lost: u64, twice: u64, cut: u64) -> (Option<Vec<u8>>, u64, u64) {
        let ((one, asked), (other, beside)) = (copy().await, copy().await);
        let mood = Arc::new(Mood::default());
        mood.set(lost, twice, cut);
        let door = Door::open(&one, &other, mood, Dice::new(1)).await.unwrap();
        let answer = ask(door.address.trim_start_matches("http://"), REQUEST).await;
        (answer, asked.load(Ordering::SeqCst), beside.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_door_passes_loses_doubles_and_cuts() {
        let yes = Some(b"HTTP/1.1 200 OK\r\n\r\nyes".to_vec());
        assert_eq!(through(0, 0, 0).await, (yes.clone(), 1, 0));
        assert_eq!(through(100, 0, 0).await, (None, 1, 0));
        let doubled = Some(b"HTTP/1.1 200 OK\r\nx-doubled: 1\r\n\r\nyes".to_vec());
        assert_eq!(through(0, 100, 0).await, (doubled, 1, 1));
        assert_eq!(through(0, 0, 100).await, (None, 0, 0));
    }
}
