//! What a baseline is served by: the kit that serves ours, without tokens and limits.

use std::{net::TcpListener, sync::Arc};

use async_trait::async_trait;
use clap::ValueEnum as _;
use e2e::failed::Failed;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request, Routes},
    app::{App, Service, launch},
    settings::{KitSettings, Loader, ServiceSettings, SettingProblem},
    start::StartError,
};
use serde::Deserialize;

use crate::{
    ground::{Ground, Servers},
    kind::Kind,
    told::OrFailed as _,
    way::{Sale, Way},
};

/// More than there are clients.
const LIMIT: i64 = 1_000_000;

struct SiteApp;

/// What the handlers are given.
struct Parts {
    way: Option<Box<dyn Way>>,
    /// What a booking is answered with: as much as ours says.
    facts: Vec<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    kit: KitSettings,
}

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        Vec::new()
    }
}

tokio::task_local! {
    static PARTS: Arc<Parts>;
}

#[async_trait]
impl App for SiteApp {
    const NAME: &'static str = "bench";
    const ENV: &'static str = "BENCH";
    const DEFAULT_TOML: &'static str = "";
    type Settings = Settings;
    type State = Arc<Parts>;

    fn routes() -> Routes<Arc<Parts>> {
        Routes::new()
            .resource("/hello", [Endpoint::get("hello", hello).public().undocumented()])
            .resource(
                "/bookings",
                [Endpoint::post("book", book).public().body::<serde_json::Value>().undocumented()],
            )
            .resource("/finish", [Endpoint::post("finish", finish).public().undocumented()])
    }

    async fn migrate(_: &Settings) -> Result<(), StartError> {
        Ok(())
    }

    async fn start(_: Settings) -> Result<Service<Arc<Parts>>, StartError> {
        Ok(Service::new(PARTS.with(Arc::clone)))
    }
}

async fn hello(_: Arc<Parts>, _: Request) -> Result<Answer, Problem> {
    Ok(Answer::json(200, &serde_json::json!({"message": "hello"})))
}

async fn book(parts: Arc<Parts>, request: Request) -> Result<Answer, Problem> {
    let order = serde_json::from_slice(request.body_bytes()).map_err(Problem::internal)?;
    let way = parts.way.as_ref().ok_or_else(|| Problem::new(Code::NotFound))?;
    match way.sell(&order).await.map_err(Problem::internal)? {
        Sale::Booked => Ok(Answer::raw_json(201, parts.facts.clone())),
        Sale::SoldOut => Ok(Answer::empty(409)),
        Sale::Later => Ok(Answer::empty(503)),
    }
}

async fn finish(parts: Arc<Parts>, _: Request) -> Result<Answer, Problem> {
    if let Some(way) = &parts.way {
        way.finish().await.map_err(Problem::internal)?;
    }
    Ok(Answer::empty(204))
}

/// Serves a way (or `hello`) until the process is killed; says where.
pub(crate) async fn serve(servers: &Servers, way: &str) -> Result<(), Failed> {
    let ground = Ground::join(servers).await?;
    let way = match way {
        "hello" => None,
        name => Some(Kind::from_str(name, true).map_err(Failed::new)?.begin(&ground).await?),
    };
    let parts = Arc::new(Parts { way, facts: ground.rows.facts().to_vec() });
    let loader = Loader::new("")
        .set("kit.http.max_in_flight", LIMIT)
        // What was acknowledged early is stored within minutes.
        .set("kit.http.handler_timeout_ms", 1_800_000)
        .set("kit.http.drain_seconds", 1_800)
        .set("kit.rate.public_per_second", LIMIT)
        .set("kit.rate.public_burst", LIMIT);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let running =
        PARTS.scope(parts, launch::<SiteApp>(loader.load().or_failed()?, listener)).await.or_failed()?;
    e2e::say!("{}", running.address());
    running.until(std::future::pending()).await;
    Ok(())
}
