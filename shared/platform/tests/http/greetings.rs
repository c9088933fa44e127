//! A tiny service on the kit, and a client for it.

use std::{
    net::TcpListener,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use async_trait::async_trait;
use domain::HotelId;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request, Routes},
    app::{App, Job, Running, Service, launch},
    auth::{Claims, Role, mint},
    readiness::ReadinessProbe,
    settings::{KitSettings, Loader, ServiceSettings, SettingProblem},
    shutdown::Shutdown,
    start::StartError,
};
use reqwest::{Method, RequestBuilder, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;
use utoipa::{IntoParams, ToSchema};

pub(crate) const KEY: &str = "a development key of at least 32 bytes";
pub(crate) const HOTEL: &str = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) kit: KitSettings,
}

/// What the tests steer.
#[derive(Default)]
pub(crate) struct Kept {
    /// A slow request has begun.
    pub(crate) begun: Notify,
    /// Lets slow requests end.
    pub(crate) go: Notify,
    pub(crate) job_ended: AtomicBool,
    pub(crate) not_ready: AtomicBool,
}

pub(crate) struct GreetingApp;

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        Vec::new()
    }
}

#[async_trait]
impl App for GreetingApp {
    const NAME: &'static str = "greeting-service";
    const ENV: &'static str = "GREETING";
    const DEFAULT_TOML: &'static str = "";
    type Settings = Settings;
    type State = Arc<Kept>;

    fn routes() -> Routes<Arc<Kept>> {
        Routes::new()
            .resource("/v1/greetings/{hotel_id}", [read(), create(), replace()])
            .resource(
                "/v1/panics",
                [Endpoint::get("panic", |_, _| async { panic!("on purpose") }).tag("search").public()],
            )
            .resource(
                "/v1/slow",
                [Endpoint::get("slow", slow).tag("search").public().answers_empty(204, "Late.")],
            )
            .resource(
                "/v1/motto",
                [Endpoint::get("motto", motto)
                    .tag("search")
                    .public()
                    .cached()
                    .answers::<Greeting>(200, "It.")],
            )
            .resource(
                "/v1/trace",
                [Endpoint::get("trace", trace).tag("search").public().answers::<Greeting>(200, "It.")],
            )
            .resource(
                "/dev/hidden",
                [Endpoint::post("hidden", |_, _| async { Ok(Answer::empty(204)) }).undocumented()],
            )
    }

    async fn migrate(_: &Settings) -> Result<(), StartError> {
        Ok(())
    }

    async fn start(_: Settings) -> Result<Service<Arc<Kept>>, StartError> {
        let kept = KEPT.with(Arc::clone);
        let (for_job, for_probe) = (kept.clone(), kept.clone());
        let job = Job::new("waits", move |stop: Shutdown| {
            let kept = for_job.clone();
            async move {
                stop.requested().await;
                kept.job_ended.store(true, std::sync::atomic::Ordering::SeqCst);
                Ok(())
            }
        });
        let probe = ReadinessProbe::new("store", move || {
            let away = for_probe.not_ready.load(std::sync::atomic::Ordering::SeqCst);
            async move { if away { Err("away".into()) } else { Ok(()) } }
        });
        Ok(Service::new(kept).job(job).ready(probe))
    }
}

// The service is started within the test's own future, so each test's thread hands over its own state.
thread_local! {
    static KEPT: Arc<Kept> = Arc::new(Kept::default());
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Greeting {
    pub(crate) text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GreetingWrite {
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Line {
    quantity: u8,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    rooms: Option<u8>,
}

fn read() -> Endpoint<Arc<Kept>> {
    Endpoint::get("get_greeting", |_: Arc<Kept>, request: Request| async move {
        let _hotel: HotelId = request.path("hotel_id")?;
        let asked: Asked = request.query()?;
        if request.accepts("text/html") {
            return Ok(Answer::html(200, "<p>hello</p>".to_owned()));
        }
        Ok(Answer::json(200, &Greeting { text: format!("hello {}", asked.rooms.unwrap_or(1)) }).etag(3))
    })
    .summary("A greeting.")
    .tag("search")
    .public()
    .etag()
    .path_param::<HotelId>("hotel_id", "The hotel.")
    .query::<Asked>()
    .answers::<Greeting>(200, "The greeting.")
    .answers_html(200, "As a page.")
}

fn create() -> Endpoint<Arc<Kept>> {
    Endpoint::post("create_greeting", |_: Arc<Kept>, request: Request| async move {
        let _key = request.idempotency_key()?;
        let body: GreetingWrite = request.json()?;
        let sum: u32 = body.lines.iter().map(|line| u32::from(line.quantity)).sum();
        Ok(Answer::json(201, &Greeting { text: sum.to_string() }).location(request.path_text()))
    })
    .tag("search")
    .roles(&[Role::Manager, Role::Operator])
    .idempotent()
    .path_param::<HotelId>("hotel_id", "The hotel.")
    .body::<GreetingWrite>()
    .body_limit(1024)
    .answers::<Greeting>(201, "Made.")
    .refuses(&[Code::SoldOut])
}

fn replace() -> Endpoint<Arc<Kept>> {
    Endpoint::put("replace_greeting", |_: Arc<Kept>, request: Request| async move {
        request.if_match()?.check(3)?;
        Ok(Answer::empty(204))
    })
    .tag("search")
    .if_match()
    .path_param::<HotelId>("hotel_id", "The hotel.")
    .answers_empty(204, "Replaced.")
}

async fn slow(kept: Arc<Kept>, _: Request) -> Result<Answer, Problem> {
    kept.begun.notify_one();
    kept.go.notified().await;
    Ok(Answer::empty(204))
}

async fn motto(_: Arc<Kept>, _: Request) -> Result<Answer, Problem> {
    Ok(Answer::json(200, &Greeting { text: "welcome".to_owned() }))
}

async fn trace(_: Arc<Kept>, _: Request) -> Result<Answer, Problem> {
    let current = platform::trace::TraceContext::current().map(|one| one.to_string()).unwrap_or_default();
    Ok(Answer::json(200, &Greeting { text: current }))
}

/// A running service and a client.
pub(crate) struct Site {
    pub(crate) running: Running,
    pub(crate) kept: Arc<Kept>,
    pub(crate) client: reqwest::Client,
    pub(crate) base: String,
}

pub(crate) fn loader() -> Loader {
    Loader::new("")
        .set("kit.auth.development_key", KEY)
        .set("kit.rate.public_burst", 100_000)
        .set("kit.rate.caller_burst", 100_000)
        .set("kit.rate.check_burst", 100_000)
        .set("kit.http.workers", 1)
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(loader()).await
    }

    pub(crate) async fn with(loader: Loader) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let running = launch::<GreetingApp>(loader.load().unwrap(), listener).await.unwrap();
        let client = platform::http_client::http_client(Duration::from_secs(20)).unwrap();
        let base = format!("http://{}", running.address());
        Self { running, kept: KEPT.with(Arc::clone), client, base }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.call(Method::GET, path)
    }

    /// A POST of a greeting that would succeed.
    pub(crate) fn create(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.create_as(&token(&[Role::Manager]), body)
    }

    /// The same with this token.
    pub(crate) fn create_as(&self, token: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.call(Method::POST, &format!("/v1/greetings/{HOTEL}"))
            .bearer_auth(token)
            .header("idempotency-key", "k1")
            .header("content-type", "application/json")
            .body(body)
    }
}

pub(crate) fn claims(roles: &[Role]) -> Claims {
    let settings: Settings = loader().load().unwrap();
    Claims::new(&settings.kit.auth, "joe", roles, Duration::from_mins(1))
}

pub(crate) fn token(roles: &[Role]) -> String {
    mint(KEY, &claims(roles)).unwrap()
}

/// The problem of an answer, checked to be one.
pub(crate) async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status(), status, "for {code}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["request-id"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["code"], code);
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], id.as_str());
    assert_eq!(body["type"], format!("https://docs.vacancy.example/problems/{code}"));
    body
}
