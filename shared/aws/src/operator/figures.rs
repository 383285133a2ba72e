//! What metrics of a deployment were over time, as CloudWatch tells.
//!
//! `GetMetricData` is called without a crate of the service, see docs/adr/0031.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>

use std::collections::BTreeMap;
use std::time::Duration;

use hubcast_model::time::{Clock, SystemClock, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::Account;
use super::fault::{OperatorError, Trouble, sorted};
use crate::call::Call;
use crate::call::api::GET_METRIC_DATA;

/// So many pages are read of one question.
const PAGES_MAX: usize = 20;
const OPERATION: &str = "read metrics (cloudwatch:GetMetricData)";

/// One metric by one statistic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The namespace of the metric, such as `AWS/SQS`.
    pub namespace: &'static str,
    /// The name of the metric.
    pub metric: &'static str,
    /// The name and the value of its dimension.
    pub dimension: (&'static str, String),
    /// The statistic, such as `Sum` or `p99`.
    pub statistic: &'static str,
}

/// What a figure was in one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The beginning of the period.
    pub at: Timestamp,
    /// The figure.
    pub value: f64,
}

/// One page of an answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    metric_data_results: Vec<Found>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    id: String,
    /// In seconds, whole ones since periods are.
    #[serde(default)]
    timestamps: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
}

impl Account {
    /// The points of figures since a time, oldest first; periods without data have no point.
    ///
    /// # Errors
    /// When nobody says so.
    pub async fn figures(
        &self,
        figures: &[Figure],
        since: Timestamp,
        period: Duration,
    ) -> Result<Vec<Vec<Point>>, OperatorError> {
        let queries = figures.iter().enumerate().map(|(at, figure)| query(at, figure, period));
        let mut input = json!({
            "MetricDataQueries": queries.collect::<Vec<_>>(),
            "StartTime": since.as_seconds(),
            "EndTime": SystemClock.now().as_seconds() + 1,
            "ScanBy": "TimestampAscending",
        });
        let call = Call::new(GET_METRIC_DATA, &self.sdk);
        let mut found = BTreeMap::new();
        for _ in 0..PAGES_MAX {
            let page = call.text(input.clone()).await.map_err(sorted(OPERATION))?;
            let page: Page = serde_json::from_str(&page.unwrap_or_default())
                .map_err(|err| OperatorError::new(OPERATION, Trouble::Failed, err))?;
            add(&mut found, page.metric_data_results);
            match page.next_token {
                Some(next) => input["NextToken"] = next.into(),
                None => break,
            }
        }
        Ok((0..figures.len()).map(|at| found.remove(&id(at)).unwrap_or_default()).collect())
    }
}

fn add(all: &mut BTreeMap<String, Vec<Point>>, found: Vec<Found>) {
    for Found { id, timestamps, values } in found {
        let points = timestamps.into_iter().zip(values);
        let points = points.map(|(at, value)| Point { at: of_seconds(at), value });
        all.entry(id).or_default().extend(points);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time since 1970")]
fn of_seconds(seconds: f64) -> Timestamp {
    Timestamp::from_seconds(seconds as u64)
}

/// Ids begin with a small letter.
fn id(at: usize) -> String {
    format!("f{at}")
}

fn query(at: usize, figure: &Figure, period: Duration) -> Value {
    let (name, value) = &figure.dimension;
    json!({
        "Id": id(at),
        "MetricStat": {
            "Metric": {
                "Namespace": figure.namespace,
                "MetricName": figure.metric,
                "Dimensions": [{ "Name": name, "Value": value }],
            },
            "Period": period.as_secs(),
            "Stat": figure.statistic,
        },
    })
}
