//! Mail servers in trouble.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
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

/// A mail server that answers as it is told to until it relents, and remembers whose mails it has taken.
pub(crate) struct Office {
    pub(crate) url: String,
    desk: Arc<Desk>,
}

/// What the office says.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    /// This reply to the recipient.
    Reply(&'static str),
    /// Nothing to the recipient, for as long as the client waits.
    Nothing,
    /// This reply to whoever connects.
    Greeting(&'static str),
    /// This reply to our own name as the sender.
    Sender(&'static str),
}

struct Desk {
    says: Says,
    to: String,
    taken: Mutex<Vec<String>>,
    relented: watch::Sender<bool>,
    /// Dialogues in which the recipient waits for its answer, and those of them that the client cut.
    open: AtomicUsize,
    cut: AtomicUsize,
    /// Those that the client went on with as if the answer had come.
    reused: AtomicUsize,
}

impl Office {
    /// Says this, to that recipient if it is about one, and takes everybody else's mails.
    pub(crate) async fn that_says(says: Says, to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let desk = Arc::new(Desk {
            says,
            to: to.to_owned(),
            taken: Mutex::default(),
            relented: watch::channel(false).0,
            open: AtomicUsize::new(0),
            cut: AtomicUsize::new(0),
            reused: AtomicUsize::new(0),
        });
        let behind = Arc::clone(&desk);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = Arc::clone(&behind);
                tokio::spawn(async move { desk.serve(stream).await });
            }
        });
        Self { url, desk }
    }

    /// From now on everything is taken.
    pub(crate) fn relents(&self) {
        self.desk.relented.send_replace(true);
    }

    /// To whom mails were taken, in order.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.desk.taken.lock().unwrap().clone()
    }

    /// How many dialogues wait for the recipient's answer.
    pub(crate) fn open(&self) -> usize {
        self.desk.open.load(Ordering::SeqCst)
    }

    /// How many of them the client used for something else.
    pub(crate) fn reused(&self) -> usize {
        self.desk.reused.load(Ordering::SeqCst)
    }

    /// How many of them the client cut.
    pub(crate) fn cut(&self) -> usize {
        self.desk.cut.load(Ordering::SeqCst)
    }
}

impl Desk {
    fn has_relented(&self) -> bool {
        *self.relented.borrow()
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let greeting = match self.says {
            Says::Greeting(reply) if !self.has_relented() => reply,
            Says::Greeting(_) | Says::Sender(_) | Says::Reply(_) | Says::Nothing => "220 mail.example",
        };
        stream.write_all(format!("{greeting}\r\n").as_bytes()).await.ok()?;
        let (mut line, mut recipient) = (String::new(), String::new());
        while stream.read_line(&mut line).await.ok()? > 0 {
            let answer = if line.starts_with("RCPT") {
                line.trim().clone_into(&mut recipient);
                self.of_recipient(&line, &mut stream).await
            } else if line.starts_with("DATA") {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                while line.trim_end() != "." {
                    line.clear();
                    (stream.read_line(&mut line).await.ok()? > 0).then_some(())?;
                }
                self.taken.lock().unwrap().push(recipient.clone());
                "250 taken"
            } else {
                match self.says {
                    Says::Sender(reply) if line.starts_with("MAIL") && !self.has_relented() => reply,
                    Says::Sender(_) | Says::Greeting(_) | Says::Reply(_) | Says::Nothing => "250 ok",
                }
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
            line.clear();
        }
        Some(())
    }

    async fn of_recipient(&self, line: &str, stream: &mut BufReader<TcpStream>) -> &'static str {
        if !line.contains(&self.to) || self.has_relented() {
            return "250 ok";
        }
        match self.says {
            Says::Reply(reply) => reply,
            Says::Nothing => {
                self.open.fetch_add(1, Ordering::SeqCst);
                let mut relented = self.relented.subscribe();
                tokio::select! {
                    _ = relented.wait_for(|relented| *relented) => {}
                    more = stream.fill_buf() => {
                        let reused = more.is_ok_and(|more| more.starts_with(b"NOOP"));
                        let counter = if reused { &self.reused } else { &self.cut };
                        counter.fetch_add(1, Ordering::SeqCst);
                    }
                }
                "250 ok"
            }
            Says::Greeting(_) | Says::Sender(_) => "250 ok",
        }
    }
}
