//! What is seen from outside: JSON log lines, metrics, spans where an exporter is configured.

pub(crate) mod process;
mod spans;

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    settings::{LogFormat, TelemetrySettings},
    start::StartError,
};

pub use spans::joined;

/// Ends telemetry when dropped: spans that wait are sent.
#[must_use]
pub struct Telemetry {
    spans: Option<SdkTracerProvider>,
}

/// Starts logging, metrics and, if configured, the export of spans. Once per process; a second call changes nothing.
pub fn init(service: &'static str, settings: &TelemetrySettings) -> Result<Telemetry, StartError> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| StartError::failed("reading kit.telemetry.log", error))?;
    let spans = spans::provider(service, settings)?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match settings.log_format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer().with_filter(filter).boxed(),
    };
    let started =
        tracing_subscriber::registry().with(lines).with(spans.as_ref().map(spans::layer)).try_init();
    if started.is_ok() {
        log_panics();
    }
    metrics();
    Ok(Telemetry { spans })
}

/// A panic is a line like any other.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let says = panic.payload_as_str().unwrap_or_default();
        tracing::error!(place, says, "a defect: the program panicked");
    }));
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.spans.take().map(|spans| spans.shutdown()) {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// Seconds: from a hit in memory to the longest handler.
const BUCKETS_S: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// Records that a consumer handles together.
const BUCKETS_RECORDS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

/// The process's metrics; none if something else has installed a recorder.
pub(crate) fn metrics() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let records = Matcher::Full("consumer_batch_records".to_owned());
        let builder = PrometheusBuilder::new().set_buckets(BUCKETS_S);
        let builder = builder.and_then(|builder| builder.set_buckets_for_metric(records, BUCKETS_RECORDS));
        let installed = builder.and_then(PrometheusBuilder::install_recorder);
        installed.inspect_err(|error| tracing::error!(%error, "metrics are not recorded")).ok()
    });
    handle.as_ref()
}
