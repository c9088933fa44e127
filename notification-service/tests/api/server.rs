//! Mail servers in trouble.

use std::sync::{
    Arc, Mutex,
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

/// A mail server that answers each recipient as it is told to, and remembers whose mails it has taken.
pub(crate) struct Office {
    pub(crate) url: String,
    taken: Arc<Mutex<Vec<String>>>,
}

/// What the office says to a recipient.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    /// This reply.
    Reply(&'static str),
    /// Nothing, for as long as the client waits.
    Nothing,
}

impl Office {
    /// Says this to that recipient, and takes everybody else's mails.
    pub(crate) async fn that_says(says: Says, to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (taken, to) = (Arc::<Mutex<Vec<String>>>::default(), to.to_owned());
        let book = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, says, to.clone(), Arc::clone(&book)));
            }
        });
        Self { url, taken }
    }

    /// To whom mails were taken, in order.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, says: Says, to: String, taken: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example\r\n").await.ok()?;
    let (mut line, mut recipient) = (String::new(), String::new());
    while stream.read_line(&mut line).await.ok()? > 0 {
        let answer = if line.starts_with("RCPT") {
            line.trim().clone_into(&mut recipient);
            match says {
                Says::Reply(reply) if line.contains(&to) => format!("{reply}\r\n"),
                Says::Nothing if line.contains(&to) => std::future::pending().await,
                Says::Reply(_) | Says::Nothing => "250 ok\r\n".to_owned(),
            }
        } else if line.starts_with("DATA") {
            stream.write_all(b"354 go on\r\n").await.ok()?;
            while line.trim_end() != "." {
                line.clear();
                (stream.read_line(&mut line).await.ok()? > 0).then_some(())?;
            }
            taken.lock().unwrap().push(recipient.clone());
            "250 taken\r\n".to_owned()
        } else {
            "250 ok\r\n".to_owned()
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
        line.clear();
    }
    Some(())
}
