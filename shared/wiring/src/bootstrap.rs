//! What a function does once, at its cold start.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use aws_config::SdkConfig;
use hubcast_model::journey::{self, AUDIT, TARGET};
use hubcast_model::ports::Cause;
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use hubcast_model::trace::{self, Traceparent};
use lambda_runtime::Context;
use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt as layer;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::audit::AuditTrail;

use hubcast_aws::{entropy, environment};

use crate::config::{ConfigError, LogConfig, process_environment};

/// The namespace of all metrics.
const NAMESPACE: &str = "hubcast";
/// Where the runtime opens the span of each request.
const REQUEST_SPANS: &str = "lambda_runtime::layers";

/// Starts logging: JSON lines on standard output, where Lambda collects them.
///
/// `RUST_LOG` sets the level; `info` when it is absent or wrong. Whatever the level, journeys are
/// told and what metrics of lines are counted from, and each line names the request that it belongs
/// to.
///
/// # Errors
/// Names every variable of logging that is wrong.
pub fn start_logging() -> Result<(), ConfigError> {
    start_lines(None)
}

/// Starts logging as [`start_logging`] does, for a function that writes entries of the audit.
///
/// # Errors
/// Names every variable of logging that is wrong.
pub fn start_audited_logging() -> Result<AuditTrail, ConfigError> {
    let trail = AuditTrail::default();
    start_lines(Some(&trail))?;
    Ok(trail)
}

fn start_lines(trail: Option<&AuditTrail>) -> Result<(), ConfigError> {
    subscriber(levels(process_environment("RUST_LOG").as_deref()), trail).init();
    journey::start(LogConfig::from_env()?.journey);
    Ok(())
}

/// The levels that a text such as `info` or `warn,lambda_runtime=debug` asks for. The filter of the
/// same texts that also knows spans and fields would bring regular expressions into every function.
fn levels(text: Option<&str>) -> Targets {
    let asked: Targets = text.and_then(|text| text.parse().ok()).unwrap_or_default();
    let level = asked.default_level().unwrap_or(LevelFilter::INFO);
    asked.with_default(level)
}

/// Writes lines to standard output, and entries of the audit to the trail too.
pub(crate) fn subscriber(
    filter: Targets,
    trail: Option<&AuditTrail>,
) -> impl Subscriber + Send + Sync {
    let always = [TARGET, AUDIT, hubcast_line::TARGET, REQUEST_SPANS];
    let filter = filter.with_targets(always.map(|target| (target, LevelFilter::INFO)));
    let entries = trail.cloned().map(|trail| {
        // Of spans only those that name requests and callers: the SDK opens many.
        let is_entry = filter_fn(|metadata| {
            let wanted = if metadata.is_span() { &[TARGET, REQUEST_SPANS][..] } else { &[AUDIT] };
            wanted.contains(&metadata.target())
        });
        lines().with_writer(move || trail.clone()).with_filter(is_entry)
    });
    tracing_subscriber::registry().with(lines().with_filter(filter)).with(entries)
}

/// Lines of JSON. Lambda stamps every line itself.
fn lines<S>() -> layer::Layer<S, JsonFields, Format<Json, ()>> {
    layer::Layer::default().json().without_time().with_current_span(false)
}

/// Metrics of one function, written as log lines of CloudWatch's embedded metric format.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html>
#[derive(Clone, Copy)]
pub struct Metrics(&'static Collector);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

/// Starts collecting what is measured, under the namespace `hubcast`.
///
/// The dimension is Lambda's own name of the function, so that two deployments in one account
/// stay apart.
///
/// # Errors
/// When the process collects metrics already.
pub fn start_metrics() -> Result<Metrics, Cause> {
    let builder = Builder::new().cloudwatch_namespace(NAMESPACE);
    let function = lambda_runtime::Config::from_env().function_name;
    let collector = builder.with_dimension("function", function).init();
    collector.map(Metrics).map_err(|err| err.to_string().into())
}

impl Metrics {
    /// Writes what was measured since the last time.
    pub fn flush(self) {
        if let Err(err) = self.0.flush(std::io::stdout()) {
            tracing::warn!(error = %err, "metrics could not be written");
        }
    }
}

/// How long [`SparseMetrics`] wait before they write again.
const WRITING_PAUSE: Duration = Duration::from_mins(1);

/// Metrics of a function that runs so often that a line for each invocation would cost too much.
///
/// An instance writes once a minute what it measured. What it measured after its last line is lost
/// with the instance.
#[derive(Debug)]
pub struct SparseMetrics {
    metrics: Metrics,
    /// When the last line was written, in milliseconds.
    written: AtomicU64,
}

impl SparseMetrics {
    /// Starts collecting, as [`start_metrics`] does.
    ///
    /// # Errors
    /// When the process collects metrics already.
    pub fn start() -> Result<Self, Cause> {
        Ok(Self { metrics: start_metrics()?, written: AtomicU64::new(0) })
    }

    /// Writes what was measured since the last time, when that is a minute ago.
    pub fn flush(&self) {
        let now = SystemClock.now();
        let last = Timestamp::from_millis(self.written.load(Ordering::Relaxed));
        if now.since(last) >= WRITING_PAUSE {
            self.written.store(now.as_millis(), Ordering::Relaxed);
            self.metrics.flush();
        }
    }
}

/// What the clients of AWS share, by the variables that Lambda sets (ADR 137). The first random number
/// is drawn here, since it is dear (ADR 126).
pub fn sdk_config() -> SdkConfig {
    entropy::gather();
    environment::sdk_config(process_environment)
}

/// How long before its deadline a function stops waiting, so that it can still answer.
const RESERVE: Duration = Duration::from_millis(500);

/// How long an invocation may work on its answer.
pub fn patience(context: &Context) -> Duration {
    let left = Timestamp::from_millis(context.deadline).since(SystemClock.now());
    left.saturating_sub(RESERVE)
}

/// Does the work of an invocation within the trace in which Lambda runs it, where X-Ray records the
/// trace.
pub async fn traced<F: Future>(context: &Context, work: F) -> F::Output {
    let header = context.xray_trace_id.as_deref();
    trace::within(header.and_then(Traceparent::of_xray), work).await
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn shows(text: Option<&str>, target: &str, level: Level) -> bool {
        levels(text).would_enable(target, &level)
    }

    #[test]
    fn the_level_is_the_one_asked_for_and_info_when_nobody_asks_or_wrongly() {
        assert!(shows(Some("debug"), "hubcast_delivery", Level::DEBUG));
        assert!(!shows(Some("warn"), "hubcast_delivery", Level::INFO));
        for text in [None, Some("loud"), Some("a=b=c")] {
            assert!(shows(text, "hubcast_delivery", Level::INFO), "{text:?}");
            assert!(!shows(text, "hubcast_delivery", Level::DEBUG), "{text:?}");
        }
    }

    #[test]
    fn a_part_may_have_a_level_of_its_own() {
        let text = Some("info,lambda_runtime::runtime=trace");
        assert!(shows(text, "lambda_runtime::runtime", Level::TRACE));
        assert!(!shows(text, "lambda_runtime::layers", Level::DEBUG));
    }
}
