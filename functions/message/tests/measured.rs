//! What the function counts, so that an operator sees how much of the bill are pings.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use hubcast_connection::frames::AnswerFrames;
use hubcast_model::context::Caller;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde_json::{Value, json};

const PING: &str = include_str!("../events/ping.json");
const INVOCATION: &str = include_str!("../events/invocation.json");

/// Counters by name.
#[derive(Debug, Clone, Default)]
struct Counters(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Counters {
    fn of(&self, name: &str) -> Arc<AtomicU64> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counters.entry(name.to_owned()).or_default())
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key.name()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Answers nothing.
struct Silent;

impl AnswerFrames for Silent {
    async fn answer(&self, _: &Caller, _: &str, _: Duration) -> String {
        String::new()
    }
}

fn event(recorded: &str) -> Value {
    serde_json::from_str(recorded).unwrap()
}

fn handle(event: Value) {
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(message::handle(&Silent, event, Duration::from_secs(9)));
}

#[test]
fn a_ping_is_a_frame_and_a_ping_and_anything_else_is_a_frame() {
    let counters = Counters::default();
    // A ping that shares its frame with a call is not what a longer keep-alive would save.
    let mut joined = event(INVOCATION);
    joined["body"] = json!(format!("{{\"type\":6}}\u{1e}{}", joined["body"].as_str().unwrap()));
    metrics::with_local_recorder(&counters, || {
        [event(PING), event(PING), event(INVOCATION), joined].into_iter().for_each(handle);
    });
    let counted = |name| counters.of(name).load(Ordering::Relaxed);
    assert_eq!((counted("frames"), counted("pings")), (4, 2));
}
