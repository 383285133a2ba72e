//! `hubcast metrics`: figures of a deployment over time.

use std::time::Duration;

use clap::Args;
use hubcast_aws::operator::{Figure, Point};
use hubcast_model::time::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::moment::rfc3339;
use crate::output::Output;
use crate::period::duration;

const EXAMPLES: &str = "\
Examples:
  hubcast metrics
  hubcast metrics --since 2d --json";

/// So many points one plot has at most.
const POINTS_MAX: u64 = 180;
/// CloudWatch knows whole minutes.
const MINUTE: u64 = 60;

/// Shows figures over time: messages, latency, ages, throttles, and how many frames are pings.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Metrics {
    /// How far back, such as `90m`, `3h` or `2d`.
    #[arg(long, value_name = "TIME", default_value = "3h", value_parser = duration)]
    pub(crate) since: Duration,
}

/// Figures that share an axis.
struct Plot {
    name: &'static str,
    /// The unit of the axis.
    unit: &'static str,
    lines: Vec<Line>,
}

/// One line of a plot.
struct Line {
    name: &'static str,
    figure: Figure,
}

impl Metrics {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let (since, period) = (SystemClock.now().minus(self.since), period(self.since));
        let plots = plots(deployment.prefix());
        let lines = || plots.iter().flat_map(|plot| &plot.lines);
        let figures: Vec<Figure> = lines().map(|line| line.figure.clone()).collect();
        let account = deployment.account().await?;
        let mut found = account.figures(&figures, since, period).await?.into_iter();
        for plot in &plots {
            let points: Vec<Vec<Point>> = found.by_ref().take(plot.lines.len()).collect();
            let plot = plot.shown(points);
            output.result(&plot.json(period), || plot.text())?;
        }
        Ok(())
    }
}

/// The shortest period of whole minutes that makes few enough points.
fn period(since: Duration) -> Duration {
    let minutes = since.as_secs().div_ceil(POINTS_MAX * MINUTE).max(1);
    Duration::from_secs(minutes * MINUTE)
}

/// A plot with its points.
struct Shown {
    name: &'static str,
    unit: &'static str,
    lines: Vec<(&'static str, Vec<Point>)>,
}

impl Plot {
    fn shown(&self, points: Vec<Vec<Point>>) -> Shown {
        let names = self.lines.iter().map(|line| line.name);
        let lines: Vec<_> = names.zip(points).collect();
        let lines = if self.name == PINGS { vec![share(&lines)] } else { lines };
        Shown { name: self.name, unit: self.unit, lines }
    }
}

/// The share of pings in all frames, in percent.
fn share(lines: &[(&'static str, Vec<Point>)]) -> (&'static str, Vec<Point>) {
    let of = |name| lines.iter().find(|(line, _)| *line == name).map(|(_, points)| points);
    let frames = of("frames").map_or(&[][..], Vec::as_slice);
    let pings = of("pings").map_or(&[][..], Vec::as_slice);
    let share = |frames: &Point| {
        let pings = pings.iter().find(|pings| pings.at == frames.at);
        let value = 100.0 * pings.map_or(0.0, |pings| pings.value) / frames.value.max(1.0);
        Point { at: frames.at, value }
    };
    ("pings", frames.iter().map(share).collect())
}

impl Shown {
    fn json(&self, period: Duration) -> Value {
        let point = |point: &Point| json!([rfc3339(point.at), point.value]);
        let line = |(name, points): &(&str, Vec<Point>)| json!({ "name": name, "points": points.iter().map(point).collect::<Vec<_>>() });
        json!({
            "plot": self.name,
            "unit": self.unit,
            "periodSeconds": period.as_secs(),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> Vec<String> {
        let line = |(name, points): &(&str, Vec<Point>)| match points.last() {
            Some(last) => {
                let most = points.iter().fold(0.0_f64, |most, point| most.max(point.value));
                let at = rfc3339(last.at);
                format!("  {name:<24}  {:>10.1} at {at}  {most:>10.1} at most", last.value)
            }
            None => format!("  {name:<24}  nothing was measured"),
        };
        let head = format!("{}, {}", self.name, self.unit);
        std::iter::once(head).chain(self.lines.iter().map(line)).collect()
    }
}

const PINGS: &str = "Share of pings";

fn plots(prefix: &str) -> Vec<Plot> {
    let function = |name: &str| format!("{prefix}-{name}");
    let of_hubcast = |function: String, names: &[&'static str]| -> Vec<Line> {
        let line = |name| Line { name, figure: own(&function, name, "Sum") };
        names.iter().copied().map(line).collect()
    };
    let publisher = function("publisher");
    let messages = ["notifications", "done", "kept", "undeliverable", "expired", "rejected"];
    let percentile = |name| Line { name, figure: own(&publisher, "end_to_end_ms", name) };
    let queues = ["notifications", "deliveries", "dlq"];
    let queue = |name: &'static str, metric| {
        let dimension = ("QueueName", format!("{prefix}-{name}.fifo"));
        Line {
            name,
            figure: Figure { namespace: "AWS/SQS", metric, dimension, statistic: "Maximum" },
        }
    };
    let of_lambda = |name: &'static str| {
        let dimension = ("FunctionName", function(name));
        let figure =
            Figure { namespace: "AWS/Lambda", metric: "Throttles", dimension, statistic: "Sum" };
        Line { name, figure }
    };
    let posts = Line { name: "posts", figure: own(&publisher, "throttled", "Sum") };
    let functions = ["publisher", "message", "negotiate", "connect"].map(of_lambda);
    let throttles = std::iter::once(posts).chain(functions).collect();
    let ages = queues.map(|name| queue(name, "ApproximateAgeOfOldestMessage")).into();
    let waiting = queues.map(|name| queue(name, "ApproximateNumberOfMessagesVisible")).into();
    let pings = of_hubcast(function("message"), &["frames", "pings"]);
    vec![
        Plot {
            name: "Messages",
            unit: "a period",
            lines: of_hubcast(publisher.clone(), &messages),
        },
        Plot {
            name: "From queue to client",
            unit: "ms",
            lines: ["p50", "p99"].map(percentile).into(),
        },
        Plot { name: "Age of the oldest message", unit: "s", lines: ages },
        Plot { name: "Waiting messages", unit: "messages", lines: waiting },
        Plot { name: "Throttles", unit: "a period", lines: throttles },
        Plot { name: PINGS, unit: "% of frames", lines: pings },
    ]
}

/// A figure that a function of hubcast measures.
fn own(function: &str, metric: &'static str, statistic: &'static str) -> Figure {
    Figure { namespace: "hubcast", metric, dimension: ("function", function.to_owned()), statistic }
}

#[cfg(test)]
mod tests {
    use hubcast_model::time::Timestamp;

    use super::*;

    #[test]
    fn a_plot_has_few_points_of_whole_minutes() {
        for (since, seconds) in [(60, 60), (3 * 3600, 60), (24 * 3600, 480), (7 * 86_400, 3360)] {
            assert_eq!(period(Duration::from_secs(since)).as_secs(), seconds, "{since}");
        }
    }

    #[test]
    fn the_share_of_pings_is_told_where_there_are_frames() {
        let points = |pairs: &[(u64, f64)]| -> Vec<Point> {
            pairs
                .iter()
                .map(|&(at, value)| Point { at: Timestamp::from_seconds(at), value })
                .collect()
        };
        let lines = [("frames", points(&[(0, 10.0), (60, 4.0)])), ("pings", points(&[(0, 9.0)]))];
        assert_eq!(share(&lines).1, points(&[(0, 90.0), (60, 0.0)]));
    }
}
