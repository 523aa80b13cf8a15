//! What the gateway tells about itself: log lines, spans and metrics, and the names that they go
//! by. Operators build alerts on these names; changing one is a breaking change.
//!
//! Never a personal value. What may stand in a field: ids of agencies, destinations and messages,
//! route patterns, fixed codes, counts, sizes and durations. What may not: a body, a query string,
//! a path with a reference in it, a header's text.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::Duration;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Names of metrics.
pub mod metric {
    /// Counter; `route`, `method`, `status`.
    pub const REQUESTS: &str = "frontdoor_http_requests_total";
    /// Histogram in seconds; `route`, `method`.
    pub const REQUEST_SECONDS: &str = "frontdoor_http_request_seconds";
    /// Gauge of requests that were admitted and are not answered; `class`.
    pub const IN_FLIGHT: &str = "frontdoor_http_in_flight";
    /// Counter of requests turned away under load; `class`.
    pub const SHED: &str = "frontdoor_http_shed_total";
    /// Counter of problem documents; `agency` (or destination; `operations`; `unknown`),
    /// `code`.
    pub const PROBLEMS: &str = "frontdoor_problems_total";
    /// Gauge in seconds since the newest statement of a system's records; `source`.
    pub const FEED_AGE: &str = "frontdoor_feed_age_seconds";
    /// Gauge, 1 where a system's records are older than they should be; `source`.
    pub const FEED_STALE: &str = "frontdoor_feed_stale";
    /// Counter of attempts to send a notice; `state` (`sent`, `failing`).
    pub const NOTICES: &str = "frontdoor_notices_total";
    /// Gauge of notices that are not sent; `state` (`waiting`, `failing`).
    pub const NOTICES_OPEN: &str = "frontdoor_notices_open";
    /// Gauge in seconds since the oldest of them was written; `state`.
    pub const NOTICES_AGE: &str = "frontdoor_notices_oldest_seconds";
    /// Counter of documents given to the scanner; `state` (`clean`, `infected`, `failing`).
    pub const DOCUMENTS: &str = "frontdoor_documents_scanned_total";
    /// Gauge of documents that are handed to nobody; `state` (`quarantined`, or `infected` within
    /// seven days).
    pub const DOCUMENTS_HELD: &str = "frontdoor_documents_held";
    /// Gauge in seconds since the oldest document came that is not scanned.
    pub const DOCUMENTS_AGE: &str = "frontdoor_documents_oldest_seconds";
    /// Counter of alerts that nobody has acknowledged something immediate; `destination`.
    pub const ALERTS: &str = "frontdoor_alerts_total";
    /// Gauge, 1 while how agencies refer is out of the ordinary; `kind`, `agency` (or `all`).
    pub const ALARM: &str = "frontdoor_alarm";
    /// Gauge of outcomes that wait to be decided a second time.
    pub const SECOND_LOOKS_WAITING: &str = "frontdoor_second_looks_waiting";
    /// Gauge in seconds since the oldest of them was drawn.
    pub const SECOND_LOOKS_AGE: &str = "frontdoor_second_looks_oldest_seconds";
    /// Gauge of weeks that are over and not drawn; more than 0 for long is a clock that is wrong.
    pub const SECOND_LOOK_WEEKS_DUE: &str = "frontdoor_second_look_weeks_due";
    /// Counter of stages that panicked; `stage` (`read`, `link`, `decide`). Any is a defect.
    pub const STAGE_FAILURES: &str = "frontdoor_stage_failures_total";
}

/// Names of spans.
pub mod span {
    /// One HTTP request, from its head to the head of its answer.
    pub const REQUEST: &str = "http.request";
}

/// Names of fields of spans and events.
pub mod field {
    pub const METHOD: &str = "http.request.method";
    /// The pattern, e.g. `/v1/referrals/{reference}`.
    pub const ROUTE: &str = "http.route";
    pub const STATUS: &str = "http.response.status_code";
    pub const REQUEST_ID: &str = "request_id";
    pub const AGENCY: &str = "agency";
    pub const CODE: &str = "code";
}

/// Upper bounds of the histograms of durations, in seconds.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    #[default]
    Text,
}

impl LogFormat {
    /// `json` or `text`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "json" => Some(LogFormat::Json),
            "text" => Some(LogFormat::Text),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    pub format: LogFormat,
    /// `tracing` filter, e.g. `info` or `frontdoor=debug,info`.
    pub filter: String,
    /// Base URL of an OpenTelemetry collector's OTLP/HTTP receiver, e.g. `http://127.0.0.1:4318`;
    /// `None` exports nothing.
    pub otlp_endpoint: Option<String>,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        let (format, filter) = (LogFormat::default(), "info".to_owned());
        TelemetrySettings { format, filter, otlp_endpoint: None }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the log filter {filter:?} is not understood: {why}; write e.g. frontdoor=debug,info")]
    Filter { filter: String, why: String },
    #[error("the OTLP endpoint must be an http:// address of a collector near this process")]
    Endpoint,
    #[error("the OTLP exporter cannot be set up: {0}")]
    Exporter(String),
    #[error("telemetry was already set up in this process: {0}")]
    Twice(String),
}

/// What has been set up.
pub struct Telemetry {
    prometheus: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

/// Whether spans are exported: contexts are only read from spans when they are.
static EXPORTING: OnceLock<()> = OnceLock::new();

impl Telemetry {
    /// Sets up log lines on standard error, the metrics recorder and, where configured, the export
    /// of spans. Once in a process.
    ///
    /// # Errors
    /// When a setting is not understood, or telemetry was set up before.
    pub fn start(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_new(&settings.filter).map_err(|why| {
            TelemetryError::Filter { filter: settings.filter.clone(), why: why.to_string() }
        })?;
        let traces = settings.otlp_endpoint.as_deref().map(exporter).transpose()?;
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        let lines = match settings.format {
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
            LogFormat::Text => lines.boxed(),
        };
        // Only our own spans leave: those of libraries may hold addresses and statements.
        let ours = Targets::new().with_target("frontdoor", LevelFilter::DEBUG);
        let exported = traces.as_ref().map(|traces| {
            tracing_opentelemetry::layer()
                .with_tracer(traces.tracer("frontdoor"))
                .with_location(false)
                .with_threads(false)
                .with_filter(ours)
        });
        // Whatever the filter asks for, libraries only warn: their detail quotes request heads,
        // addresses and statements (invariant 7).
        let capped = Targets::new()
            .with_default(LevelFilter::WARN)
            // It warns of every returned message with its headers and body.
            .with_target("lapin", LevelFilter::ERROR)
            .with_target("frontdoor", LevelFilter::TRACE);
        tracing_subscriber::registry()
            .with(lines.with_filter(filter.and(capped)))
            .with(exported)
            .try_init()
            .map_err(|why| TelemetryError::Twice(why.to_string()))?;
        if traces.is_some() {
            EXPORTING.get_or_init(|| ());
        }
        let prometheus = recorder()?;
        silence_panics();
        Ok(Telemetry { prometheus, traces })
    }

    /// Renders the metrics in Prometheus' text format.
    pub fn renderer(&self) -> impl Fn() -> String + Send + Sync + 'static {
        let handle = self.prometheus.clone();
        move || handle.render()
    }

    /// Folds histogram samples, so that they do not pile up where nobody scrapes; for as long as
    /// it is polled.
    pub fn upkeep(&self) -> impl Future<Output = ()> + Send + 'static {
        let handle = self.prometheus.clone();
        async move {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                handle.run_upkeep();
            }
        }
    }

    /// Sends what is left; blocks for at most a few seconds.
    pub fn finish(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(Duration::from_secs(3))
        {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

fn exporter(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    if !endpoint.starts_with("http://") {
        return Err(TelemetryError::Endpoint);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_headers(HashMap::new())
        .with_timeout(Duration::from_secs(5))
        .build()
        .map_err(|why| TelemetryError::Exporter(why.to_string()))?;
    let resource = Resource::builder().with_service_name("frontdoor").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

fn recorder() -> Result<PrometheusHandle, TelemetryError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|why| TelemetryError::Twice(why.to_string()))?;
    describe();
    Ok(handle)
}

fn describe() {
    metrics::describe_counter!(metric::REQUESTS, "HTTP requests answered");
    metrics::describe_histogram!(
        metric::REQUEST_SECONDS,
        metrics::Unit::Seconds,
        "Time from a request's head to the head of its answer"
    );
    metrics::describe_gauge!(metric::FEED_AGE, "Age of what the authority's records told");
    metrics::describe_gauge!(metric::FEED_STALE, "Whether that is older than it should be");
    metrics::describe_counter!(metric::NOTICES, "Attempts to send a notice");
    metrics::describe_gauge!(metric::NOTICES_OPEN, "Notices that are not sent");
    metrics::describe_gauge!(metric::NOTICES_AGE, "Age of the oldest notice that is not sent");
    metrics::describe_counter!(metric::DOCUMENTS, "Documents given to the scanner");
    metrics::describe_gauge!(metric::DOCUMENTS_HELD, "Documents that are handed to nobody");
    metrics::describe_gauge!(metric::DOCUMENTS_AGE, "Age of the oldest that is not scanned");
    metrics::describe_counter!(metric::ALERTS, "Alerts of what nobody has acknowledged");
    metrics::describe_gauge!(metric::ALARM, "Whether how agencies refer is out of the ordinary");
    let waiting = "Outcomes that wait to be decided a second time";
    metrics::describe_gauge!(metric::SECOND_LOOKS_WAITING, waiting);
    metrics::describe_gauge!(metric::SECOND_LOOKS_AGE, "Age of the oldest of them");
    let weeks = "Weeks of which outcomes are to be drawn, and are not";
    metrics::describe_gauge!(metric::SECOND_LOOK_WEEKS_DUE, weeks);
    metrics::describe_gauge!(metric::IN_FLIGHT, "Admitted requests that are not yet answered");
    metrics::describe_counter!(metric::SHED, "Requests turned away under load");
    metrics::describe_counter!(metric::PROBLEMS, "Problem documents sent, per agency");
    metrics::describe_counter!(metric::STAGE_FAILURES, "Stages that panicked: defects");
}

/// A panic's message may quote what was being handled; only its place is told.
fn silence_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a defect: a task panicked; please report where");
    }));
}

/// Puts a span under the trace that a caller began. Does nothing where no spans are exported.
pub fn adopt(span: &Span, traceparent: &str) {
    if EXPORTING.get().is_none() {
        return;
    }
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carrier);
    if let Err(error) = span.set_parent(context) {
        tracing::debug!(%error, "a caller's trace was not taken up");
    }
}

/// W3C `traceparent` of a span; `None` where no spans are exported.
pub fn traceparent(span: &Span) -> Option<String> {
    EXPORTING.get()?;
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| {
        let flags = context.trace_flags().to_u8();
        format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id())
    })
}
