//! What every service answers: its health, its metrics, its documentation, and 404 for the rest.

use std::{fmt::Write as _, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use tokio::runtime::Handle;
use utoipa_swagger_ui::SwaggerUi;

use super::{Kit, arrival::Arrival, respond};
use crate::{api::Problem, telemetry};

pub(super) fn mount(config: &mut web::ServiceConfig, kit: &Arc<Kit>, document: &Value) {
    for asked in [web::get, web::head] {
        config.route("/healthz", asked().to(alive));
        let ready = kit.clone();
        config.route("/readyz", asked().to(move || std::future::ready(readyz(&ready))));
    }
    let runtime = kit.runtime.clone();
    config.route("/metrics", web::get().to(move || std::future::ready(metrics(&runtime))));
    if kit.http.swagger_ui {
        config.route("/docs", web::get().to(docs));
        config.service(
            SwaggerUi::new("/docs/{_:.*}").external_url_unchecked("/openapi.json", document.clone()),
        );
    }
    let kit = kit.clone();
    config.default_service(web::to(move |http: HttpRequest| std::future::ready(absent(&kit, &http))));
}

/// The process lives. Nothing is asked: a store that is away is no reason to be killed.
async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// 200 if this process can answer, else 503 with what is missing.
fn readyz(kit: &Kit) -> HttpResponse {
    let report = kit.readiness.report();
    if report.ready {
        HttpResponse::Ok().json(report)
    } else {
        HttpResponse::ServiceUnavailable().json(report)
    }
}

fn metrics(runtime: &Handle) -> HttpResponse {
    let mut text = telemetry::process::text(runtime);
    if let Some(recorder) = telemetry::metrics() {
        recorder.run_upkeep();
        text.push_str(&recorder.render());
    }
    // Writing to a text cannot fail.
    let _ = writeln!(text);
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("location", "/docs/")).finish()
}

fn absent(kit: &Kit, http: &HttpRequest) -> HttpResponse {
    let arrival = Arrival::of(kit, http, "unknown");
    respond::answer(kit, http, &arrival, Err(Problem::not_found()))
}
