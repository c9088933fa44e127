//! Mail servers in trouble.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Stands before GreenMail and hangs up on everybody until it is opened.
pub(crate) struct Door {
    pub(crate) url: String,
    open: Arc<AtomicBool>,
}

impl Door {
    pub(crate) async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let open = Arc::new(AtomicBool::new(false));
        let (behind, is_open) = (testkit::stack::smtp_url().replace("smtp://", ""), Arc::clone(&open));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if is_open.load(Ordering::SeqCst) {
                    let mut server = TcpStream::connect(&behind).await.unwrap();
                    tokio::spawn(
                        async move { tokio::io::copy_bidirectional(&mut stream, &mut server).await },
                    );
                }
            }
        });
        Self { url, open }
    }

    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

/// Knows nobody: 550 to every recipient.
pub(crate) async fn knows_nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(refuse(stream));
        }
    });
    url
}

async fn refuse(stream: TcpStream) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example\r\n").await.ok()?;
    let mut line = String::new();
    while stream.read_line(&mut line).await.ok()? > 0 {
        let answer: &[u8] = if line.starts_with("RCPT") { b"550 no such user\r\n" } else { b"250 ok\r\n" };
        stream.write_all(answer).await.ok()?;
        line.clear();
    }
    Some(())
}
