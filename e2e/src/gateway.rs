//! What the gateway says itself, byte for byte: whatever a client sends, the answer is a problem with a Request-Id, and
//! nobody else notices.

use std::time::Duration;

use e2e::{
    failed::{Failed, expect},
    world::World,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Longer than the services wait for a body.
const LONGEST: Duration = Duration::from_secs(30);
/// More headers than a service reads.
const HEADERS: usize = 96;
/// The case that is sent beside good requests.
const TOO_MANY: &str = "too many headers";
/// The same of a write.
const TOO_MANY_WRITTEN: &str = "too many headers of a write";
/// Rounds of rubbish beside good requests.
const ROUNDS: usize = 150;

/// A request as bytes, and the answer it must get.
struct Case {
    name: &'static str,
    request: String,
    status: u16,
    code: &'static str,
}

struct Raw {
    status: u16,
    head: String,
    body: String,
}

/// Sends every odd request, then many beside good ones; prints what is wrong.
pub(crate) async fn run(world: &World) -> Result<(), Failed> {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let answer = send(world, &case.request).await?;
        wrong.extend(answer.flaw(case).map(|flaw| format!("{}: {flaw}", case.name)));
    }
    wrong.extend(spoilt(world).await?);
    wrong.extend(packed(world).await?);
    wrong.extend(in_chunks(world).await?);
    for flaw in &wrong {
        e2e::say!("  {flaw}");
    }
    let passed = (cases.len() + 3).saturating_sub(wrong.len());
    e2e::say!("{passed} passed, {} failed", wrong.len());
    expect(wrong.is_empty(), || "the gateway does not say what it should".to_owned())
}

fn cases() -> Vec<Case> {
    [unreadable(), unknown(), bodies()].into_iter().flatten().collect()
}

fn case(name: &'static str, line: &str, headers: &str, status: u16, code: &'static str) -> Case {
    let request = format!("{line} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n{headers}\r\n");
    Case { name, request, status, code }
}

/// What nobody can read.
fn unreadable() -> Vec<Case> {
    let malformed = |name, line: &str, headers: &str| case(name, line, headers, 400, "malformed_header");
    let many: Vec<String> = (0..HEADERS).map(|number| format!("X-Odd-{number}: y\r\n")).collect();
    let (get, post) = ("GET /v1/facilities", "POST /v1/quotes");
    vec![
        malformed("a percent sign without digits", "GET /v1/facilities%zz", ""),
        malformed("a zero byte in the path", "GET /v1/%00facilities", ""),
        malformed("an asterisk", "GET *", ""),
        malformed("a method in lower case", "get /v1/facilities", ""),
        malformed("a path above the root", "GET /../../etc/passwd", ""),
        malformed("a long request line", &format!("{get}?x={}", "x".repeat(17_000)), ""),
        malformed(TOO_MANY, get, &many.concat()),
        malformed(TOO_MANY_WRITTEN, post, &many.concat()),
        malformed("a long header", get, &format!("X: {}\r\n", "x".repeat(17_000))),
        malformed("a header without a colon", get, "odd header\r\n"),
        malformed("a body of two lengths", post, "Content-Length: 1\r\nContent-Length: 2\r\n"),
        malformed("a body of a negative length", post, "Content-Length: -1\r\n"),
        malformed("an unknown transfer", post, "Transfer-Encoding: odd\r\n"),
    ]
}

/// What can be read, and nobody knows.
fn unknown() -> Vec<Case> {
    let method = |name, line| case(name, line, "", 405, "method_not_allowed");
    vec![
        case("an unknown path", "GET /v1/nothing", "", 404, "not_found"),
        case("the gateway's own addresses", "GET /_own/malformed", "", 404, "not_found"),
        method("an unknown method", "BREW /v1/facilities"),
        method("TRACE", "TRACE /v1/facilities"),
        method("a method of other paths", "DELETE /v1/facilities"),
    ]
}

/// Bodies that stop, are too long, come packed or are cut wrongly.
fn bodies() -> Vec<Case> {
    let post = |name, headers: &str, status, code| {
        let headers = format!("Content-Type: application/json\r\n{headers}");
        case(name, "POST /v1/quotes", &headers, status, code)
    };
    let packed = "Content-Encoding: gzip\r\nContent-Length: 0\r\n";
    let mut chunk = post("a malformed chunk", "Transfer-Encoding: chunked\r\n", 400, "malformed_header");
    chunk.request.push_str("zz\r\n{}\r\n");
    let mut stops = post("a body that stops", "Content-Length: 100\r\n", 408, "request_timeout");
    stops.request.push('{');
    vec![
        chunk,
        stops,
        post("a huge body", "Content-Length: 99999999\r\n", 413, "body_too_large"),
        post("a packed body", packed, 415, "unsupported_media_type"),
    ]
}

impl Raw {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head: head.to_lowercase(), body: body.to_owned() })
    }

    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line.starts_with(&format!("{header}:")))
    }

    /// What is wrong with it; none if nothing is.
    fn flaw(&self, case: &Case) -> Option<String> {
        let told = self.body.contains(&format!("\"code\":\"{}\"", case.code));
        let is_problem = self.head.contains("content-type: application/problem+json");
        let names_methods = case.status != 405 || self.has("allow");
        // A service decides by the caller's Origin, of which there is none here; the gateway's own problems lack `instance`.
        let is_readable = self.body.contains("\"instance\":")
            || self.head.contains("access-control-allow-origin: *")
                && self.has("access-control-expose-headers");
        let right = self.status == case.status
            && [told, is_problem, names_methods, is_readable, self.has("request-id")].iter().all(|one| *one);
        (!right).then(|| format!("{} {} expected: {}\n{}", case.status, case.code, self.head, self.body))
    }
}

async fn send(world: &World, request: &str) -> Result<Raw, Failed> {
    let address = world.endpoints.gateway.trim_start_matches("http://");
    let answered = timeout(LONGEST, async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        // An end that is torn off is an end, too.
        let _torn = stream.read_to_end(&mut bytes).await;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    });
    let text = answered.await.map_err(|_| Failed::new("the gateway did not end its answer".to_owned()))?;
    let text = text.map_err(|error| Failed::new(format!("the gateway is not reached: {error}")))?;
    Raw::read(&text)
        .ok_or_else(|| Failed::new(format!("no answer to {:?}: {text:?}", request.lines().next())))
}

/// One client's rubbish beside another's requests.
async fn spoilt(world: &World) -> Result<Option<String>, Failed> {
    let cases = cases();
    let rubbish: Vec<&str> = cases
        .iter()
        .filter(|case| [TOO_MANY, TOO_MANY_WRITTEN].contains(&case.name))
        .map(|case| case.request.as_str())
        .collect();
    let mut failed = 0;
    for odd in rubbish.iter().cycle().take(ROUNDS * rubbish.len()) {
        // A write that nothing is wrong with but its body, which the service reads and refuses.
        let write = world.post("/v1/quotes").json(&serde_json::json!({}));
        let (odd, one, other) =
            tokio::join!(send(world, odd), world.get("/v1/facilities").send(), write.send());
        odd?;
        failed += [one?, other?].iter().filter(|answer| answer.status >= 500).count();
    }
    Ok((failed > 0)
        .then(|| format!("{failed} requests of others failed beside {ROUNDS} with too many headers")))
}

/// Search's answers are packed for who asks; what `If-Match` compares is not.
async fn packed(world: &World) -> Result<Option<String>, Failed> {
    let ask = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n")
    };
    let page = send(world, &ask("/v1/search?q=hotel&page_size=20")).await?;
    let is_packed = page.head.contains("content-encoding: gzip");
    Ok((page.status == 200 && !is_packed).then(|| format!("a page of search is not packed: {}", page.head)))
}

/// Beside a body in chunks the service's own words come through: here it has none (docs/API-DESIGN.md, Headers).
async fn in_chunks(world: &World) -> Result<Option<String>, Failed> {
    let many: Vec<String> = (0..HEADERS).map(|number| format!("X-Odd-{number}: y\r\n")).collect();
    let headers = format!("Transfer-Encoding: chunked\r\n{}", many.concat());
    let mut case = case("too many headers beside chunks", "POST /v1/quotes", &headers, 431, "");
    case.request.push_str("0\r\n\r\n");
    let answer = send(world, &case.request).await?;
    let told = format!("{}: {} {}", case.name, answer.head, answer.body);
    Ok((answer.status != case.status || !answer.body.is_empty()).then_some(told))
}
