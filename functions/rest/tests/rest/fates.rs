//! What the API says of a message, and each reason why the API cannot say anything.

use hubcast_model::journey::Line;
use hubcast_model::ports::{Cause, JourneyLog, LogError, Reading};
use hubcast_model::time::Timestamp;
use serde_json::{Value, json};

use crate::rig::{rig, text};

/// A log that has one answer to everything.
#[derive(Debug, Clone, Copy)]
enum Log {
    /// These lines.
    Holds(&'static [&'static str]),
    /// No function wrote anything.
    Silent,
    Denied,
    Missing,
    Huge,
    Broken,
}

impl Log {
    fn lines(self) -> Result<Vec<Line>, LogError> {
        let action = "logs:FilterLogEvents";
        let read = |line: &&str| Line::read(Timestamp::from_millis(0), "publisher", line);
        match self {
            Self::Holds(lines) => Ok(lines.iter().filter_map(read).collect()),
            Self::Silent => Ok(Vec::new()),
            Self::Denied => Err(LogError::Denied { action, source: Cause::from("role/secret") }),
            Self::Missing => Err(LogError::NoLog("/aws/lambda/x-publisher".to_owned())),
            Self::Huge => Err(LogError::TooMuch),
            Self::Broken => Err(LogError::Unavailable(Cause::from("role/secret"))),
        }
    }
}

impl JourneyLog for Log {
    fn lines<'a>(&'a self, _word: &'a str, _since: Timestamp) -> Reading<'a, Vec<Line>> {
        Box::pin(async { (*self).lines() })
    }

    fn is_silent(&self, _since: Timestamp) -> Reading<'_, bool> {
        Box::pin(async { Ok(matches!(self, Self::Silent)) })
    }
}

/// The status and the body for a message, where the log is this one.
async fn told(log: Option<Log>) -> (i64, Value) {
    let mut rig = rig();
    rig.rest.log = log.map(|log| Box::new(log) as Box<dyn JourneyLog>);
    let answer = rig.answer(|event| {
        event["rawPath"] = json!("/api/hubs/notifications/messages/m");
        event["requestContext"]["http"]["method"] = json!("GET");
        event["body"] = Value::Null;
    });
    let answer = answer.await;
    (answer.status_code, serde_json::from_str(text(&answer)).unwrap())
}

const DELIVERED: &str = r#"{"target":"journey","fields":{"step":"delivered","message_id":"m","hub":"notifications","reached":2,"after_ms":5}}"#;
const OF_ANOTHER_HUB: &str = r#"{"target":"journey","fields":{"step":"delivered","message_id":"m","hub":"orders","reached":2,"after_ms":5}}"#;

#[tokio::test]
async fn a_fate_is_told_with_its_lines() {
    let (status, told) = told(Some(Log::Holds(&[DELIVERED]))).await;
    assert_eq!((status, &told["outcome"]), (200, &json!("done")));
    assert_eq!(told["sentence"], "Reached 2 connections in 5 ms.");
    assert_eq!(told["timeline"][0]["step"], "delivered");
}

#[tokio::test]
async fn each_reason_to_say_nothing_has_a_sentence_of_its_own() {
    let unknown = "No line of the last three hours tells of this message on this hub; lines come up to a minute late.";
    for (log, status, sentence) in [
        (None, 404, "This deployment does not tell fates; see the parameter MessageFates."),
        (Some(Log::Holds(&[])), 404, unknown),
        (Some(Log::Holds(&[OF_ANOTHER_HUB])), 404, unknown),
        (
            Some(Log::Silent),
            404,
            "No function has written a line in the last three hours; lines come up to a minute late.",
        ),
        (
            Some(Log::Denied),
            503,
            "the log may not be read; ask for the action logs:FilterLogEvents",
        ),
        (
            Some(Log::Missing),
            503,
            "there is no log: /aws/lambda/x-publisher does not exist, and neither do its neighbours",
        ),
        (Some(Log::Huge), 503, "the log holds too much to look through; ask for less time"),
        (Some(Log::Broken), 503, "the log is unavailable"),
    ] {
        let (told_status, told) = told(log).await;
        assert_eq!((told_status, &told["message"]), (status, &json!(sentence)), "{log:?}");
        assert!(!told.to_string().contains("role/secret"), "causes are for the log: {told}");
    }
}
