//! A service of one operation, as a process for the tests: a request stays in work for as long as the test wants.

use std::{process::ExitCode, sync::Arc};

use async_trait::async_trait;
use platform::{
    api::{Answer, Endpoint, Problem, Request, Routes},
    app::{App, Service},
    planted::{Point, crash_at},
    settings::{KitSettings, ServiceSettings, SettingProblem, unmet},
    start::StartError,
};
use serde::Deserialize;
use tokio::{io::AsyncReadExt as _, net::TcpStream};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    kit: KitSettings,
    gate: String,
}

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        unmet([("gate", !self.gate.is_empty(), "must be an address")])
    }
}

struct GatedApp;

#[async_trait]
impl App for GatedApp {
    const NAME: &'static str = "gated-service";
    const ENV: &'static str = "GATED";
    const DEFAULT_TOML: &'static str =
        "# Connected to by a request, which ends when this end does.\ngate = \"\"\n";
    type Settings = Settings;
    type State = Arc<str>;

    fn routes() -> Routes<Arc<str>> {
        Routes::new().resource(
            "/v1/gated",
            [Endpoint::get("gated", gated).tag("search").public().answers_empty(204, "Late.")],
        )
    }

    async fn migrate(_: &Settings) -> Result<(), StartError> {
        Ok(())
    }

    async fn start(settings: Settings) -> Result<Service<Arc<str>>, StartError> {
        Ok(Service::new(settings.gate.into()))
    }
}

async fn gated(gate: Arc<str>, _: Request) -> Result<Answer, Problem> {
    crash_at(Point::BeforeAnswers);
    let mut gate = TcpStream::connect(&*gate).await.map_err(Problem::unavailable)?;
    gate.read_to_end(&mut Vec::new()).await.map_err(Problem::unavailable)?;
    Ok(Answer::empty(204))
}

fn main() -> ExitCode {
    platform::app::main::<GatedApp>()
}
