//! The HTTP server: reads bounded requests, hands them to the main runtime, writes answers and problems.

mod arrival;
mod cache;
mod cors;
mod dispatch;
mod fixed;
mod proxies;
mod rate;
mod respond;

use std::{
    future::IntoFuture as _,
    net::TcpListener,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{ServerHandle, Service as _},
    web,
};
use tokio::{runtime::Handle, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use crate::{
    api::Mounted,
    auth::{Authenticator, Caller},
    readiness::Readiness,
    server::{proxies::Proxies, rate::Rates},
    settings::{HttpSettings, KitSettings},
    shutdown::Shutdown,
    start::StartError,
};

/// What is served.
pub(crate) struct Site {
    pub(crate) resources: Vec<Mounted>,
    pub(crate) document: serde_json::Value,
    pub(crate) readiness: Readiness,
}

/// What every request needs.
pub(crate) struct Kit {
    http: HttpSettings,
    access_log: bool,
    trusts_traceparent: bool,
    proxies: Proxies,
    auth: Authenticator,
    rates: Rates,
    readiness: Readiness,
    /// Where handlers run: an actix worker's own runtime ends with the worker, in the middle of a drain.
    runtime: Handle,
    /// Handlers in work.
    in_work: TaskTracker,
    anonymous: Arc<Caller>,
    draining: AtomicBool,
}

/// A server that answers.
pub(crate) struct Server {
    kit: Arc<Kit>,
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Starts answering on the listener. Must be called within the main multi-thread runtime.
    pub(crate) async fn start(
        settings: &KitSettings,
        site: Site,
        listener: TcpListener,
        stop: &Shutdown,
    ) -> Result<Self, StartError> {
        // Before the first measurement: what is recorded without a recorder is lost.
        crate::telemetry::metrics();
        let auth = Authenticator::new(&settings.auth)
            .map_err(|error| StartError::failed("preparing auth", error))?;
        auth.prepared().await;
        let kit = Arc::new(Kit {
            http: settings.http.clone(),
            access_log: settings.telemetry.access_log,
            trusts_traceparent: settings.telemetry.trust_traceparent,
            proxies: Proxies::new(&settings.http),
            auth,
            rates: Rates::new(&settings.rate),
            readiness: site.readiness.clone(),
            runtime: Handle::current(),
            in_work: TaskTracker::new(),
            anonymous: Arc::new(Caller::anonymous()),
            draining: AtomicBool::new(false),
        });
        let server = listen(&kit, site, listener).map_err(|error| StartError::failed("listening", error))?;
        let handle = server.handle();
        let (sweeper, stop) = (kit.clone(), stop.clone());
        tokio::spawn(async move { sweeper.rates.sweep(stop).await });
        Ok(Self { kit, handle, task: tokio::spawn(server.into_future()) })
    }

    /// Returns when the server has ended by itself, which it should not.
    pub(crate) async fn ended(&mut self) {
        if let Ok(Err(error)) = (&mut self.task).await {
            tracing::error!(%error, "the HTTP server failed");
        }
    }

    /// Stops accepting and finishes what is in work, for at most `longest`.
    pub(crate) async fn drain(self, longest: Duration) {
        self.kit.draining.store(true, std::sync::atomic::Ordering::Relaxed);
        let finished = timeout(longest, async {
            self.handle.stop(true).await;
            self.kit.in_work.close();
            self.kit.in_work.wait().await;
        });
        if finished.await.is_err() {
            tracing::warn!(
                in_work = self.kit.in_work.len(),
                "some requests did not end in time and are cut off"
            );
        }
    }
}

fn listen(kit: &Arc<Kit>, site: Site, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let http = &kit.http;
    let workers = match http.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some.into(),
    };
    let connections = usize::try_from(http.max_connections).unwrap_or(usize::MAX);
    let (shared, site) = (kit.clone(), Arc::new(site));
    Ok(HttpServer::new(move || {
        let (kit, site) = (shared.clone(), site.clone());
        let explaining = kit.clone();
        App::new()
            .wrap(cors::cors(&kit.http.cors_origins))
            .wrap_fn(move |request, next| {
                let (kit, answer) = (explaining.clone(), next.call(request));
                async move { answer.await.map(|answer| cors::explained(&kit, answer)) }
            })
            .configure(move |config| mount(config, &kit, &site))
    })
    .workers(workers)
    .max_connections(connections.div_ceil(workers))
    .keep_alive(Duration::from_secs(http.keep_alive_seconds))
    .client_request_timeout(Duration::from_millis(http.header_timeout_ms))
    .client_disconnect_timeout(Duration::from_secs(1))
    .shutdown_timeout(http.drain_seconds)
    .disable_signals()
    .listen(listener)?
    .run())
}

fn mount(config: &mut web::ServiceConfig, kit: &Arc<Kit>, site: &Site) {
    for mounted in &site.resources {
        let (kit, mounted) = (kit.clone(), mounted.clone());
        let path = mounted.path;
        config.service(
            web::resource(path)
                .to(move |http, payload| dispatch::dispatch(kit.clone(), mounted.clone(), http, payload)),
        );
    }
    fixed::mount(config, kit, &site.document);
}
