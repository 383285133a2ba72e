//! How many frames of clients are pings, by the lines of metrics of the function `message`.

use aws_config::SdkConfig;
use hubcast_model::time::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::json;

use super::account::Account;
use super::fault::{OperatorError, Trouble, sorted};
use crate::call::Call;
use crate::call::api::LOG_EVENTS;

/// How far back lines are looked for, in milliseconds.
const LOOK_BACK_MILLIS: u64 = 15 * 60 * 1000;

/// Frames of the last quarter of an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// All frames.
    pub frames: u64,
    /// Frames that are a ping and nothing else.
    pub pings: u64,
}

/// A line of logs.
#[derive(Debug, Deserialize)]
struct Event {
    message: String,
}

/// A line of metrics; other lines have neither.
#[derive(Debug, Deserialize)]
struct Line {
    frames: u64,
    pings: u64,
}

impl Account {
    /// Frames of the last quarter of an hour, as far as the first page of lines tells.
    ///
    /// # Errors
    /// When nobody says so.
    pub async fn frame_counts(&self, deployment: &str) -> Result<FrameCounts, OperatorError> {
        let found = lines(&self.sdk, &format!("/aws/lambda/{deployment}-message")).await;
        match found {
            Err(err) if err.trouble == Trouble::NotThere => Ok(FrameCounts::default()),
            found => Ok(sum(&found?)),
        }
    }
}

async fn lines(sdk: &SdkConfig, group: &str) -> Result<String, OperatorError> {
    let since = SystemClock.now().as_millis().saturating_sub(LOOK_BACK_MILLIS);
    let input = json!({
        "logGroupName": group,
        "filterPattern": "{ $.pings = * }",
        "startTime": since,
    });
    let found = Call::new(LOG_EVENTS, sdk).text(input).await;
    let found = found.map_err(sorted(format!("read the logs of {group}")))?;
    Ok(found.unwrap_or_default())
}

fn sum(events: &str) -> FrameCounts {
    let events: Vec<Event> = serde_json::from_str(events).unwrap_or_default();
    let lines = events.iter().filter_map(|event| serde_json::from_str(&event.message).ok());
    lines.fold(FrameCounts::default(), |all, line: Line| FrameCounts {
        frames: all.frames.saturating_add(line.frames),
        pings: all.pings.saturating_add(line.pings),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_metrics_are_added_up_and_other_lines_are_not() {
        let line =
            r#"{"_aws":{"Timestamp":1},"function":"hubcast-message","frames":120,"pings":118}"#;
        let other = r#"{"level":"INFO","fields":{"message":"pings"}}"#;
        let events = json!([{"message": line}, {"message": other}, {"message": line}]);
        assert_eq!(sum(&events.to_string()), FrameCounts { frames: 240, pings: 236 });
        assert_eq!(sum(""), FrameCounts::default());
    }
}
