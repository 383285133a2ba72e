//! CloudWatch Logs, as those read it who tell a journey.
//!
//! `FilterLogEvents` is called without a crate of the service, see
//! docs/adr/0031. It costs nothing, needs no query to be awaited, and finds a
//! line within seconds of its writing.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hubcast_model::journey::Line;
use hubcast_model::journey::line::in_order;
use hubcast_model::ports::{Cause, JourneyLog, LogError, Reading};
use hubcast_model::time::Timestamp;
use serde_json::{Value, json};

use crate::call::Call;
use crate::call::api::PAGE_OF_LOG_EVENTS;

/// The functions that tell of journeys.
const FUNCTIONS: [&str; 9] = [
    "publisher",
    "rest",
    "message",
    "group-join",
    "negotiate",
    "connect",
    "disconnect",
    "authorizer",
    "upstream",
];
/// So many log groups are read at once: an account may make few of these calls a second.
const AT_ONCE: usize = 3;
/// After so many answers of one log group the question is too big. Many answers are empty.
const ANSWERS_MAX: usize = 200;
/// After so many lines of one log group as well.
const LINES_MAX: usize = 10_000;
/// The action that reading takes.
const ACTION: &str = "logs:FilterLogEvents";

/// The lines of log groups.
#[derive(Debug, Clone)]
pub(crate) struct Events(Call);

impl Events {
    /// By the SDK's configuration.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Call::new(PAGE_OF_LOG_EVENTS, config))
    }

    /// The lines of one group since a time, those with a word if there is one; `None` when the group
    /// does not exist.
    pub(crate) async fn of(
        &self,
        group: &str,
        word: Option<&str>,
        since: Timestamp,
    ) -> Result<Option<Vec<(Timestamp, String)>>, LogError> {
        let events = self.up_to(group, word, since, LINES_MAX).await?;
        if events.as_ref().is_some_and(|events| events.len() >= LINES_MAX) {
            return Err(LogError::TooMuch);
        }
        let line = |event: &Value| {
            let at = event.get("timestamp").and_then(Value::as_u64).map(Timestamp::from_millis)?;
            Some((at, event.get("message")?.as_str()?.to_owned()))
        };
        Ok(events.map(|events| events.iter().filter_map(line).collect()))
    }

    /// The first lines of one group, about `most`.
    async fn up_to(
        &self,
        group: &str,
        word: Option<&str>,
        since: Timestamp,
        most: usize,
    ) -> Result<Option<Vec<Value>>, LogError> {
        let mut input = json!({ "logGroupName": group, "startTime": since.as_millis() });
        if let Some(word) = word {
            input["filterPattern"] = pattern(word).into();
        }
        let mut events = Vec::new();
        for _ in 0..ANSWERS_MAX {
            let answer = match self.0.text(input.clone()).await {
                Ok(answer) => answer.unwrap_or_default(),
                Err(err) => return sorted(err, ACTION),
            };
            let mut answer: Value = serde_json::from_str(&answer)
                .map_err(|err| LogError::Unavailable(Cause::from(err)))?;
            if let Some(Value::Array(found)) = answer.get_mut("events").map(Value::take) {
                events.extend(found);
            }
            let next = answer.get_mut("nextToken").map(Value::take).filter(Value::is_string);
            match next {
                Some(next) if events.len() < most => input["nextToken"] = next,
                _ => return Ok(Some(events)),
            }
        }
        Err(LogError::TooMuch)
    }
}

/// The log groups of a deployment.
#[derive(Debug, Clone)]
pub struct CloudWatchLog {
    events: Events,
    /// What the names of the log groups begin with, such as `/aws/lambda/hubcast-`.
    prefix: String,
}

impl CloudWatchLog {
    /// The log groups whose names begin like this.
    pub fn new(config: &SdkConfig, prefix: impl Into<String>) -> Self {
        Self { events: Events::new(config), prefix: prefix.into() }
    }

    fn group(&self, function: &str) -> String {
        format!("{}{function}", self.prefix)
    }

    /// The lines of one function; `None` when it has no log group.
    async fn lines_of(
        &self,
        function: &'static str,
        word: &str,
        since: Timestamp,
    ) -> Result<Option<Vec<Line>>, LogError> {
        let found = self.events.of(&self.group(function), Some(word), since).await?;
        let line = |(at, text): (Timestamp, String)| Line::read(at, function, &text);
        Ok(found.map(|lines| lines.into_iter().filter_map(line).collect()))
    }

    /// Whether one function wrote nothing; `None` when it has no log group.
    async fn is_silent_of(
        &self,
        function: &'static str,
        since: Timestamp,
    ) -> Result<Option<bool>, LogError> {
        let found = self.events.up_to(&self.group(function), None, since, 1).await?;
        Ok(found.map(|events| events.is_empty()))
    }

    fn no_log(&self) -> LogError {
        LogError::NoLog(self.group(FUNCTIONS[0]))
    }
}

impl JourneyLog for CloudWatchLog {
    fn lines<'a>(&'a self, word: &'a str, since: Timestamp) -> Reading<'a, Vec<Line>> {
        Box::pin(async move {
            let reads = FUNCTIONS.map(|function| Box::pin(self.lines_of(function, word, since)));
            let found: Vec<Option<Vec<Line>>> =
                stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
            if found.iter().all(Option::is_none) {
                return Err(self.no_log());
            }
            let mut lines: Vec<Line> = found.into_iter().flatten().flatten().collect();
            in_order(&mut lines);
            Ok(lines)
        })
    }

    fn is_silent(&self, since: Timestamp) -> Reading<'_, bool> {
        Box::pin(async move {
            let reads = FUNCTIONS.map(|function| Box::pin(self.is_silent_of(function, since)));
            let found: Vec<Option<bool>> =
                stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
            if found.iter().all(Option::is_none) {
                return Err(self.no_log());
            }
            Ok(found.into_iter().flatten().all(|is_silent| is_silent))
        })
    }
}

/// A pattern that finds the lines with a word as it is.
fn pattern(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

/// What a refusal of an action means; a log group that is not there is none.
pub(crate) fn sorted<T, E, R>(
    err: SdkError<E, R>,
    action: &'static str,
) -> Result<Option<T>, LogError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = err.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    match code {
        "ResourceNotFoundException" => Ok(None),
        "AccessDeniedException" | "AccessDenied" | "NotAuthorized" => {
            Err(LogError::Denied { action, source: Cause::from(err) })
        }
        _ => Err(LogError::Unavailable(Cause::from(err))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_looked_for_as_it_is() {
        assert_eq!(pattern("a-b"), r#""a-b""#);
        assert_eq!(pattern(r#"a"b\c"#), r#""a\"b\\c""#);
    }
}
