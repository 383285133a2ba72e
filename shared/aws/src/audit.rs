//! The log group of the audit, to which functions and the command line write.
//!
//! Lambda gives a function one log group, and no log group hands lines on to
//! another, so the lines are written by `PutLogEvents`, see docs/adr/0117. A call costs
//! nothing but the bytes.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>

use aws_config::SdkConfig;
use hubcast_model::ports::LogError;
use hubcast_model::time::Timestamp;
use serde_json::{Value, json};

use crate::call::Call;
use crate::call::api::PUT_LOG_EVENTS;
use crate::log::sorted;

/// The most bytes of one call, with what the service counts besides.
const CALL_MAX_BYTES: usize = 1_048_576;
/// What the service counts for each line besides its bytes.
const LINE_EXTRA_BYTES: usize = 26;
/// The most lines of one call.
const CALL_MAX_LINES: usize = 10_000;
/// The action that writing takes.
const ACTION: &str = "logs:PutLogEvents";

/// A line and when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// When.
    pub at: Timestamp,
    /// The line.
    pub text: String,
}

/// The log group of the audit.
#[derive(Debug, Clone)]
pub struct AuditLog {
    call: Call,
    group: String,
    stream: &'static str,
}

impl AuditLog {
    /// The stream of one writer in the group of this name.
    pub fn new(config: &SdkConfig, group: impl Into<String>, stream: &'static str) -> Self {
        Self { call: Call::new(PUT_LOG_EVENTS, config), group: group.into(), stream }
    }

    /// Writes lines, which are in their order.
    ///
    /// # Errors
    /// When the group or the stream is not there, may not be written, or does not answer. Some lines
    /// may be written all the same.
    pub async fn put(&self, lines: &[AuditLine]) -> Result<(), LogError> {
        for lines in calls(lines) {
            let event = |line: &AuditLine| json!({ "timestamp": line.at.as_millis(), "message": line.text });
            let input = json!({
                "logGroupName": self.group,
                "logStreamName": self.stream,
                "logEvents": lines.iter().map(event).collect::<Vec<Value>>(),
            });
            if let Err(err) = self.call.text(input).await
                && sorted::<(), _, _>(err, ACTION)?.is_none()
            {
                return Err(LogError::NoLog(self.group.clone()));
            }
        }
        Ok(())
    }
}

/// The lines of each call.
fn calls(lines: &[AuditLine]) -> Vec<&[AuditLine]> {
    let (mut calls, mut rest) = (Vec::new(), lines);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(CALL_MAX_LINES).take_while(|line| {
            bytes += line.text.len() + LINE_EXTRA_BYTES;
            bytes <= CALL_MAX_BYTES
        });
        let (call, later) = rest.split_at(fits.count().max(1));
        calls.push(call);
        rest = later;
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, bytes: usize) -> Vec<AuditLine> {
        let line = AuditLine { at: Timestamp::from_millis(1), text: "x".repeat(bytes) };
        vec![line; count]
    }

    #[test]
    fn no_call_is_bigger_than_the_service_takes() {
        let sizes = |lines: &[AuditLine]| -> Vec<usize> {
            calls(lines).into_iter().map(<[AuditLine]>::len).collect()
        };
        assert_eq!(sizes(&[]), [] as [usize; 0]);
        assert_eq!(sizes(&lines(3, 100)), [3]);
        assert_eq!(sizes(&lines(10_001, 10)), [10_000, 1]);
        assert_eq!(sizes(&lines(3, 500_000)), [2, 1]);
        assert_eq!(
            sizes(&lines(2, 2_000_000)),
            [1, 1],
            "too long a line is the service's to refuse"
        );
    }
}
