//! Starts a service on a listener and ends it in order: requests, then jobs.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};

use super::{App, Service, check, supervise::supervise};
use crate::{
    openapi,
    readiness::Readiness,
    server::{Server, Site},
    settings::{KitSettings, ServiceSettings as _},
    shutdown::Shutdown,
    start::StartError,
    time_zones,
};

/// A service that answers.
pub struct Running {
    address: SocketAddr,
    server: Server,
    jobs: JoinSet<()>,
    stop: Shutdown,
    stop_jobs: Shutdown,
    drain: Duration,
}

/// Starts the service on this listener (port 0 in tests), within the current multi-thread runtime.
pub async fn launch<A: App>(settings: A::Settings, listener: TcpListener) -> Result<Running, StartError> {
    check::settings::<A>(&settings)?;
    check::api::<A>()?;
    let address = listener.local_addr().map_err(|error| StartError::failed("listening", error))?;
    let kit = settings.kit().clone();
    time_zones::enact(&kit.time_zones);
    let (stop, stop_jobs) = (Shutdown::new(), Shutdown::new());
    let Service { state, jobs, ready } = A::start(settings).await?;
    let readiness = Readiness::new(ready);
    readiness.ask().await;
    let document = openapi::served(openapi::document(&A::routes(), A::NAME));
    let site = Site { resources: A::routes().bind(&state), document, readiness: readiness.clone() };
    let server = Server::start(&kit, site, listener, &stop).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(readiness.run(stop.clone()));
    for job in jobs {
        tasks.spawn(supervise(job, stop_jobs.clone()));
    }
    tracing::info!(service = A::NAME, %address, "answering requests");
    Ok(Running { address, server, jobs: tasks, stop, stop_jobs, drain: drain(&kit) })
}

fn drain(kit: &KitSettings) -> Duration {
    Duration::from_secs(kit.http.drain_seconds)
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `asked` ends (or the server itself does), then drains.
    pub async fn until(mut self, asked: impl Future<Output = ()>) {
        tokio::select! {
            () = asked => tracing::info!("asked to stop"),
            () = self.server.ended() => tracing::error!("the HTTP server ended by itself"),
        }
        self.stop().await;
    }

    /// Stops accepting, finishes what is in work, then ends the jobs; each bounded by `kit.http.drain_seconds`.
    pub async fn stop(mut self) {
        self.stop.request();
        self.server.drain(self.drain).await;
        self.stop_jobs.request();
        let ended = timeout(self.drain, async { while self.jobs.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("some jobs did not end in time and are cut off");
        }
        tracing::info!("stopped");
    }
}
