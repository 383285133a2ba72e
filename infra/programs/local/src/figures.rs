//! What the functions in this process measure, as CloudWatch keeps it on AWS.
//!
//! Whatever `GetMetricData` answers on AWS for the figures that operators look
//! at is answered here to the same request, so that one reader reads both.
//! Metrics of Lambda itself are not measured here, and have no points.

mod statistic;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use hubcast_model::time::{Clock, SystemClock};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use serde::Deserialize;
use serde_json::{Value, json};

use statistic::{Minute, Refusal, Statistic};

/// The beginning of the header `X-Amz-Target` of requests for metrics.
pub(crate) const TARGET_PREFIX: &str = "GraniteServiceVersion20100801.";
const GET_METRIC_DATA: &str = "GraniteServiceVersion20100801.GetMetricData";
/// So many minutes are kept of one metric.
const MINUTES_KEPT: usize = 24 * 60;
/// So many values are kept of one minute, for percentiles.
const VALUES_KEPT: usize = 10_000;
const MINUTE: u64 = 60;

/// The metrics of this process; clones are the same book.
#[derive(Clone, Default)]
pub(crate) struct FigureBook(Arc<Mutex<BTreeMap<Name, Minutes>>>);

/// Under which name the book has a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    metric: String,
    /// The queue, where the metric is of a queue.
    queue: Option<String>,
}

/// What was measured in each minute, by the seconds at which the minute begins.
type Minutes = BTreeMap<u64, Minute>;

impl fmt::Debug for FigureBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FigureBook(..)")
    }
}

/// From when until when, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: f64,
    until: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Question {
    metric_data_queries: Vec<Query>,
    start_time: f64,
    end_time: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    id: String,
    metric_stat: MetricStat,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: Metric,
    period: u64,
    stat: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    namespace: String,
    #[serde(rename = "MetricName")]
    name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    value: String,
}

impl FigureBook {
    /// Has this process note what its functions measure. The first book of a process gets all.
    pub(crate) fn start() -> Self {
        let book = Self::default();
        if metrics::set_global_recorder(book.clone()).is_err() {
            tracing::warn!("another part of this process collects what is measured");
        }
        book
    }

    /// Notes what a queue looks like now.
    pub(crate) fn note_queue(&self, metric: &str, queue: &str, value: f64) {
        self.note(Name { metric: metric.to_owned(), queue: Some(queue.to_owned()) }, value);
    }

    fn note(&self, name: Name, value: f64) {
        let now = SystemClock.now().as_seconds();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minutes = all.entry(name).or_default();
        let minute = minutes.entry(now - now % MINUTE).or_default();
        minute.sum += value;
        if minute.values.len() < VALUES_KEPT {
            minute.values.push(value);
        }
        while minutes.len() > MINUTES_KEPT {
            minutes.pop_first();
        }
    }

    /// Answers a request of CloudWatch.
    pub(crate) fn answer(&self, target: &str, body: &Bytes) -> Response {
        let answer = match target {
            GET_METRIC_DATA => self.data(body),
            _ => Err(Refusal::new(
                "UnknownOperationException",
                format!("only GetMetricData is served here, and not {target}"),
            )),
        };
        let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
        match answer {
            Ok(answer) => (headers, answer.to_string()).into_response(),
            Err(Refusal { code, text }) => {
                let refusal = json!({ "__type": code, "message": text });
                (StatusCode::BAD_REQUEST, headers, refusal.to_string()).into_response()
            }
        }
    }

    fn data(&self, body: &Bytes) -> Result<Value, Refusal> {
        let question: Question = serde_json::from_slice(body)
            .map_err(|err| Refusal::new("SerializationException", err.to_string()))?;
        let span = Span { from: question.start_time, until: question.end_time };
        let results = question.metric_data_queries.iter().map(|query| self.result(query, span));
        let results = results.collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "MetricDataResults": results, "Messages": [] }))
    }

    fn result(&self, query: &Query, span: Span) -> Result<Value, Refusal> {
        let MetricStat { metric, period, stat } = &query.metric_stat;
        let statistic = Statistic::parse(stat)?;
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let periods = all
            .get(&name(metric))
            .map_or_else(BTreeMap::new, |minutes| by_period(minutes, (*period).max(MINUTE), span));
        let values: Vec<f64> = periods.values().map(|minutes| statistic.of(minutes)).collect();
        let times: Vec<&u64> = periods.keys().collect();
        Ok(
            json!({ "Id": query.id, "Timestamps": times, "Values": values, "StatusCode": "Complete" }),
        )
    }
}

/// Under which name the book has a metric.
fn name(metric: &Metric) -> Name {
    let of_queue = metric.namespace == "AWS/SQS";
    let queue = metric.dimensions.first().filter(|_| of_queue).map(|it| it.value.clone());
    Name { metric: metric.name.clone(), queue }
}

#[expect(clippy::cast_precision_loss, reason = "a time in seconds")]
fn by_period(minutes: &Minutes, period: u64, span: Span) -> BTreeMap<u64, Vec<&Minute>> {
    let mut periods = BTreeMap::<u64, Vec<&Minute>>::new();
    // The minute in which the span begins is part of it.
    let begins = span.from - MINUTE as f64;
    for (at, minute) in
        minutes.iter().filter(|(at, _)| (begins..span.until).contains(&(**at as f64)))
    {
        periods.entry(at - at % period).or_default().push(minute);
    }
    periods
}

/// One metric that the functions measure.
struct Gauged {
    book: FigureBook,
    name: String,
}

impl CounterFn for Gauged {
    #[expect(clippy::cast_precision_loss, reason = "a count of one process")]
    fn increment(&self, count: u64) {
        self.book.note(Name { metric: self.name.clone(), queue: None }, count as f64);
    }

    fn absolute(&self, _: u64) {}
}

impl HistogramFn for Gauged {
    fn record(&self, value: f64) {
        self.book.note(Name { metric: self.name.clone(), queue: None }, value);
    }
}

impl FigureBook {
    fn gauged(&self, key: &Key) -> Arc<Gauged> {
        Arc::new(Gauged { book: self.clone(), name: key.name().to_owned() })
    }
}

impl Recorder for FigureBook {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.gauged(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.gauged(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(book: &FigureBook, stat: &str, dimension: &str) -> Result<Vec<f64>, &'static str> {
        let namespace = if dimension.contains("fifo") { "AWS/SQS" } else { "hubcast" };
        let metric = json!({ "Namespace": namespace, "MetricName": "m", "Dimensions": [{ "Name": "n", "Value": dimension }] });
        let query =
            json!({ "Id": "f0", "MetricStat": { "Metric": metric, "Period": 3600, "Stat": stat } });
        let input = json!({ "MetricDataQueries": [query], "StartTime": 0, "EndTime": 1e12 });
        let answer = book.data(&Bytes::from(input.to_string())).map_err(|refusal| refusal.code)?;
        let values = answer["MetricDataResults"][0]["Values"].as_array().unwrap();
        Ok(values.iter().map(|value| value.as_f64().unwrap()).collect())
    }

    #[test]
    fn what_was_measured_is_answered_by_the_statistic() {
        let book = FigureBook::default();
        for value in 1..=100 {
            book.note(Name { metric: "m".to_owned(), queue: None }, f64::from(value));
        }
        for (stat, value) in [("Sum", 5050.0), ("Maximum", 100.0), ("p50", 50.0), ("p99", 99.0)] {
            // Minutes on both sides of an hour are two periods.
            let values = asked(&book, stat, "hubcast-publisher").unwrap();
            assert_eq!(values.first(), Some(&value), "{stat}");
        }
        assert_eq!(asked(&book, "p101", "hubcast-publisher"), Err("ValidationError"));
        assert_eq!(asked(&book, "Sum", "hubcast-dlq.fifo").unwrap(), Vec::<f64>::new());
    }

    #[test]
    fn each_queue_has_figures_of_its_own() {
        let book = FigureBook::default();
        book.note_queue("m", "hubcast-dlq.fifo", 3.0);
        book.note_queue("m", "hubcast-notifications.fifo", 7.0);
        assert_eq!(asked(&book, "Maximum", "hubcast-dlq.fifo").unwrap(), [3.0]);
    }
}
