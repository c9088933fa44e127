//! Spans for an OpenTelemetry collector, where one is configured.

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
};

use opentelemetry::{
    Context, KeyValue,
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanExporter as Exporter},
};
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};

use crate::{settings::TelemetrySettings, start::StartError, trace::TraceContext};

/// Whether spans are exported: if not, requests skip all of it.
static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Where spans go, if anywhere.
pub(super) fn provider(
    service: &'static str,
    settings: &TelemetrySettings,
) -> Result<Option<SdkTracerProvider>, StartError> {
    let Some(endpoint) = &settings.otlp_endpoint else { return Ok(None) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| StartError::failed("preparing the export of spans", error))?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.trace_share)));
    let resource = Resource::builder().with_attribute(KeyValue::new("service.name", service)).build();
    EXPORTING.store(true, Ordering::Relaxed);
    let exporter = OnRuntime { exporter, runtime: Handle::current() };
    Ok(Some(
        SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build(),
    ))
}

pub(super) fn layer<S>(provider: &SdkTracerProvider) -> OpenTelemetryLayer<S, SdkTracer>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_opentelemetry::layer().with_tracer(provider.tracer("vacancy"))
}

/// The context that work under `span` hands on: the exported span's if spans are exported, else `own`.
pub fn joined(span: &Span, incoming: Option<TraceContext>, own: TraceContext) -> TraceContext {
    if !EXPORTING.load(Ordering::Relaxed) {
        return own;
    }
    if let Some(parent) = incoming {
        // A span that nobody records has no parent to set.
        let _unrecorded = span.set_parent(Context::new().with_remote_span_context(parent.remote()));
    }
    let context = span.context();
    TraceContext::of(context.span().span_context()).unwrap_or(own)
}

/// The batch processor exports from a thread of its own; the HTTP client needs the runtime around it.
#[derive(Debug)]
struct OnRuntime {
    exporter: SpanExporter,
    runtime: Handle,
}

impl Exporter for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut sending: Pin<Box<dyn Future<Output = OTelSdkResult> + Send + '_>> =
            Box::pin(self.exporter.export(batch));
        std::future::poll_fn(|context| {
            let _within = self.runtime.enter();
            sending.as_mut().poll(context)
        })
        .await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
