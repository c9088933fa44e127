//! A payment provider that does what a test tells it: a real HTTP peer that speaks the sandbox's API.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the provider knows and does.
#[derive(Default)]
struct Script {
    payments: HashMap<String, Value>,
    refunds: HashMap<String, Value>,
    voids: Vec<String>,
    silent: bool,
    hangs: bool,
}

/// The running provider.
#[derive(Clone)]
pub(crate) struct Provider {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self { address: listener.local_addr().unwrap(), script: Arc::default() };
        let own = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(own.clone().answer(stream));
            }
        });
        provider
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the payment is captured.
    pub(crate) fn capture(&self, payment: &str, amount: &Value, reference: &str) {
        let body = json!({"payment_id": payment, "status": "captured", "amount": amount, "provider_reference": reference});
        self.script.lock().unwrap().payments.insert(payment.to_owned(), body);
    }

    /// From now on the payment stands so, without money.
    pub(crate) fn says(&self, payment: &str, status: &str) {
        let body = json!({"payment_id": payment, "status": status});
        self.script.lock().unwrap().payments.insert(payment.to_owned(), body);
    }

    /// Whether it answers at all.
    pub(crate) fn silent(&self, silent: bool) {
        self.script.lock().unwrap().silent = silent;
    }

    /// Whether it takes every question and never answers.
    pub(crate) fn hangs(&self, hangs: bool) {
        self.script.lock().unwrap().hangs = hangs;
    }

    pub(crate) fn voids(&self) -> Vec<String> {
        self.script.lock().unwrap().voids.clone()
    }

    /// The refunds it was asked for, by their id.
    pub(crate) fn refunds(&self) -> HashMap<String, Value> {
        self.script.lock().unwrap().refunds.clone()
    }

    async fn answer(self, mut stream: TcpStream) {
        let Some((head, body)) = read(&mut stream).await else { return };
        let mut words = head.split_whitespace();
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        assert!(
            head.to_ascii_lowercase().contains("authorization: bearer test-api-key"),
            "no API key in {head}"
        );
        if self.script.lock().unwrap().hangs {
            // Until the asker has gone.
            let _ = read(&mut stream).await;
            return;
        }
        let Some((status, body)) = self.decide(method, path, &body) else { return };
        let text = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            text.len()
        );
        let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
    }

    /// None: the connection just ends.
    fn decide(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, Value)> {
        let mut script = self.script.lock().unwrap();
        if script.silent {
            return None;
        }
        let unknown = |id: &str| json!({"payment_id": id, "status": "unknown"});
        Some(match (method, path.split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["", "v1", "payments", id]) => {
                let known = script.payments.get(*id).cloned();
                (200, known.unwrap_or_else(|| unknown(id)))
            }
            ("POST", ["", "v1", "payments", id, "void"]) => {
                let captured = script.payments.get(*id).cloned();
                script.voids.push((*id).to_owned());
                (200, captured.unwrap_or_else(|| json!({"payment_id": id, "status": "voided"})))
            }
            ("POST", ["", "v1", "refunds"]) => {
                let mut refund: Value = serde_json::from_slice(body).unwrap();
                refund["status"] = json!("succeeded");
                let id = refund["refund_id"].as_str().unwrap().to_owned();
                (201, script.refunds.entry(id).or_insert(refund).clone())
            }
            ("GET", ["", "v1", "refunds", id]) => match script.refunds.get(*id) {
                Some(refund) => (200, refund.clone()),
                None => (404, json!({})),
            },
            _ => (405, json!({})),
        })
    }
}

async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = bytes[end..].to_vec();
    while body.len() < length.unwrap_or(0) {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&part[..count]);
    }
    Some((head, body))
}
