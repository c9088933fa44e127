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
    for flaw in &wrong {
        e2e::say!("  {flaw}");
    }
    let passed = (cases.len() + 2).saturating_sub(wrong.len());
    e2e::say!("{passed} passed, {} failed", wrong.len());
    expect(wrong.is_empty(), || "the gateway does not say what it should".to_owned())
}

fn cases() -> Vec<Case> {
    let case = |name, line: &str, headers: &str, status, code| Case {
        name,
        request: format!("{line} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n{headers}\r\n"),
        status,
        code,
    };
    let malformed = |name, line: &str| case(name, line, "", 400, "malformed_header");
    let many: String = (0..HEADERS).map(|number| format!("X-Odd-{number}: y\r\n")).collect();
    let long = format!("GET /v1/facilities?x={}", "x".repeat(17_000));
    let json = "Content-Type: application/json\r\n";
    let mut all = vec![
        malformed("a percent sign without digits", "GET /v1/facilities%zz"),
        malformed("a zero byte in the path", "GET /v1/%00facilities"),
        malformed("an asterisk", "GET *"),
        malformed("a method in lower case", "get /v1/facilities"),
        malformed("a path above the root", "GET /../../etc/passwd"),
        malformed("a long request line", &long),
        case("too many headers", "GET /v1/facilities", &many, 400, "malformed_header"),
        case(
            "a long header",
            "GET /v1/facilities",
            &format!("X: {}\r\n", "x".repeat(17_000)),
            400,
            "malformed_header",
        ),
        case("a header without a colon", "GET /v1/facilities", "odd header\r\n", 400, "malformed_header"),
        case(
            "a body of two lengths",
            "POST /v1/quotes",
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            400,
            "malformed_header",
        ),
        case(
            "a body of a negative length",
            "POST /v1/quotes",
            "Content-Length: -1\r\n",
            400,
            "malformed_header",
        ),
        case("an unknown transfer", "POST /v1/quotes", "Transfer-Encoding: odd\r\n", 400, "malformed_header"),
        case("an unknown path", "GET /v1/nothing", "", 404, "not_found"),
        case("the gateway's own addresses", "GET /_own/malformed", "", 404, "not_found"),
        case("an unknown method", "BREW /v1/facilities", "", 405, "method_not_allowed"),
        case("TRACE", "TRACE /v1/facilities", "", 405, "method_not_allowed"),
        case("a method of other paths", "DELETE /v1/facilities", "", 405, "method_not_allowed"),
        case(
            "a body that stops",
            "POST /v1/quotes",
            &format!("{json}Content-Length: 100\r\n\r\n{{"),
            408,
            "request_timeout",
        ),
        case(
            "a huge body",
            "POST /v1/quotes",
            &format!("{json}Content-Length: 99999999\r\n"),
            413,
            "body_too_large",
        ),
        case(
            "a packed body",
            "POST /v1/quotes",
            &format!("{json}Content-Encoding: gzip\r\nContent-Length: 0\r\n"),
            415,
            "unsupported_media_type",
        ),
    ];
    let mut chunk = case(
        "a malformed chunk",
        "POST /v1/quotes",
        &format!("{json}Transfer-Encoding: chunked\r\n"),
        400,
        "malformed_header",
    );
    chunk.request.push_str("zz\r\n{}\r\n");
    all.push(chunk);
    all
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
        let right =
            self.status == case.status && told && is_problem && names_methods && self.has("request-id");
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
    let many = cases.iter().find(|case| case.name == "too many headers");
    let Some(rubbish) = many.map(|case| case.request.clone()) else { return Ok(None) };
    let mut failed = 0;
    for _ in 0..ROUNDS {
        let (odd, one, other) = tokio::join!(
            send(world, &rubbish),
            world.get("/v1/facilities").send(),
            world.get("/v1/facilities").send(),
        );
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
