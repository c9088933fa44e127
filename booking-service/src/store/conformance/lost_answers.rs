//! A network that loses the one answer that matters: the server has committed, and nobody hears of it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use platform::mysql::MySqlSettings;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::{
    door::Door,
    figures::Figures,
    shards::{Process, is_new},
    stage::Stage,
};
use crate::store::mysql::MySqlLedger;

/// A COMMIT as a batch sends it: length, number, the command and its text.
const COMMIT: &[u8] = b"\x07\0\0\0\x03commit";

/// As many at once are passed on.
const BYTES: usize = 64 * 1024;

/// Stands between a client and the server, and loses the answer to the first COMMIT with its connection.
struct Proxy {
    /// The database's address by way of it.
    url: String,
    lost: Arc<AtomicBool>,
}

impl Proxy {
    async fn before(stage: &Stage) -> Self {
        let (head, rest) = stage.lease.url.rsplit_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Unencrypted, so that it can read along.
        let url = format!("{head}@{}/{database}?ssl-mode=disabled", listener.local_addr().unwrap());
        let lost = Arc::<AtomicBool>::default();
        tokio::spawn(accept(listener, server.to_owned(), lost.clone()));
        Self { url, lost }
    }
}

async fn accept(listener: TcpListener, server: String, lost: Arc<AtomicBool>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&server).await.unwrap();
        tokio::spawn(pass(client, server, lost.clone()));
    }
}

/// Passes bytes on until one side ends, or the answer is lost: both connections go with it.
async fn pass(mut client: TcpStream, mut server: TcpStream, lost: Arc<AtomicBool>) {
    let (mut asked, mut said) = (vec![0; BYTES], vec![0; BYTES]);
    let mut commits = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(bytes @ 1..) = read else { return };
                commits |= asked[..bytes].windows(COMMIT.len()).any(|part| part == COMMIT);
                if server.write_all(&asked[..bytes]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut said) => {
                let Ok(bytes @ 1..) = read else { return };
                if commits && !lost.swap(true, Ordering::SeqCst) {
                    return;
                }
                if client.write_all(&said[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_booking_whose_commit_went_unanswered_is_new_and_made_once() {
    let figures = Figures::here();
    let door = Door::mysql().await;
    let proxy = Proxy::before(door.stage()).await;
    let pool = platform::mysql::connect(&MySqlSettings::at(proxy.url).unwrap()).unwrap();
    let process = Process::with(&door, Arc::new(MySqlLedger::new(pool)));
    assert!(is_new(&process.book(door.book(1, 0)).await));
    assert!(proxy.lost.load(Ordering::SeqCst));
    assert!(figures.has("booking_commits_unknown_total 1"));
    assert_eq!(door.stage().count("select count(*) from bookings").await, 1);
    door.adds_up().await;
    process.ends().await;
}
