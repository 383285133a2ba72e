//! The names of all that is measured, and of all that alarms and the dashboard look at.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

const TEMPLATE: &str = include_str!("../../../../infra/cloud/observability.yaml");

/// The names in the namespace `hubcast` that the template has of the publisher.
pub(crate) fn looked_at() -> BTreeSet<String> {
    let lines: Vec<&str> = TEMPLATE.lines().map(str::trim).collect();
    let in_widgets = lines.iter().filter_map(|line| {
        let (name, of) = line.strip_prefix("[\"hubcast\", \"")?.split_once('"')?;
        of.contains("-publisher").then_some(name)
    });
    let in_alarms = lines.windows(2).filter_map(|pair| match pair {
        ["Namespace: hubcast", name] => name.strip_prefix("MetricName: "),
        _ => None,
    });
    in_widgets.chain(in_alarms).map(str::to_owned).collect()
}

/// Remembers the names of metrics.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Arc<Mutex<BTreeSet<String>>>);

impl Names {
    /// All names so far.
    pub(crate) fn seen(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.name().to_owned());
    }
}

impl Recorder for Names {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.note(key);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.note(key);
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.note(key);
        Histogram::noop()
    }
}
