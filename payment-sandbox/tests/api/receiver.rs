//! A merchant that takes callbacks: a small HTTP server that keeps what it was sent and answers as told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use testkit::eventually;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

pub(crate) const SECRET: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

#[derive(Default)]
struct Kept {
    calls: Vec<Call>,
    statuses: Vec<u16>,
    /// Callers who are not answered, and have not hung up yet.
    unanswered: usize,
}

/// In place of a status: this one is never answered.
pub(crate) const SILENCE: u16 = 0;

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    /// Answers 204 to all, but first these statuses, one each.
    pub(crate) async fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/payments/callbacks", listener.local_addr().unwrap());
        let kept = Arc::new(Mutex::new(Kept { statuses: statuses.to_vec(), ..Kept::default() }));
        let receiver = Self { url, kept };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = serving.clone();
                tokio::spawn(async move { receiver.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ") {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
        }
        let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
        stream.read_exact(&mut body).await.ok()?;
        let status = {
            let mut kept = self.kept.lock().unwrap();
            kept.calls.push(Call { headers, body: String::from_utf8(body).unwrap() });
            let status = if kept.statuses.is_empty() { 204 } else { kept.statuses.remove(0) };
            kept.unanswered += usize::from(status == SILENCE);
            status
        };
        if status == SILENCE {
            let _hung_up = stream.read(&mut [0]).await;
            self.kept.lock().unwrap().unanswered -= 1;
            return None;
        }
        let answer = format!("HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.shutdown().await.ok()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.kept.lock().unwrap().calls.clone()
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.kept.lock().unwrap().unanswered
    }

    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Call> {
        eventually(DEADLINE, || async { Some(self.calls()).filter(|calls| calls.len() >= count) }).await
    }
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// Seconds between its `webhook-timestamp` and now.
    pub(crate) fn age_s(&self) -> i64 {
        let now = platform::clock::SystemClock.read().utc().timestamp();
        now - self.headers["webhook-timestamp"].parse::<i64>().unwrap()
    }

    /// Whether the signature is the one that Standard Webhooks describe.
    pub(crate) fn is_signed(&self) -> bool {
        let signature = self.headers["webhook-signature"].strip_prefix("v1,").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(SECRET).unwrap()).unwrap();
        mac.update(format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.body).as_bytes());
        mac.verify_slice(&STANDARD.decode(signature).unwrap()).is_ok()
    }
}
