//! What became of a message, as the log tells.

use std::time::Duration;

use hubcast_model::journey::Line;
use hubcast_model::journey::fate::of_message;
use hubcast_model::ports::{JourneyLog, LogError};
use hubcast_model::time::Timestamp;
use serde_json::json;

use crate::answer::{self, Answer, Refusal};
use crate::request::Request;

/// How far back the log is read.
const LOOK_BACK: Duration = Duration::from_hours(3);

/// Tells the fate of a message of the hub, and its lines.
pub(crate) async fn fate(
    log: Option<&dyn JourneyLog>,
    request: &Request<'_>,
    now: Timestamp,
) -> Answer {
    let Some(log) = log else {
        let text = "This deployment does not tell fates; see the parameter MessageFates.";
        return Err(Refusal::new(404, "Error.Request.NotFound", text));
    };
    let (id, since) = (request.message()?, now.minus(LOOK_BACK));
    let mut lines = log.lines(id, since).await?;
    // Whoever may read one hub learns nothing of the messages of another.
    lines.retain(|line| is_of(line, request));
    let Some(fate) = of_message(id, &lines) else {
        return Err(unknown(log.is_silent(since).await?));
    };
    let body = json!({
        "messageId": id,
        "outcome": fate.outcome.as_str(),
        "sentence": fate.sentence,
        "timeline": lines,
    });
    Ok(answer::json(request.route.ok, &body))
}

fn is_of(line: &Line, request: &Request<'_>) -> bool {
    line.text("hub") == Some(request.hub.as_str())
}

/// A log without any line, and a log that does not know this message, are different faults.
fn unknown(is_silent: bool) -> Refusal {
    let text = if is_silent {
        "No function has written a line in the last three hours; lines come up to a minute late."
    } else {
        "No line of the last three hours tells of this message on this hub; lines come up to a minute late."
    };
    Refusal::new(404, "Warning.Message.NotExisted", text)
}

impl From<LogError> for Refusal {
    fn from(err: LogError) -> Self {
        // The causes name accounts and roles: they are for the log.
        let refusal = Self::new(503, "Error.Request.Unavailable", err.to_string());
        Self { cause: Some(Box::new(err)), ..refusal }
    }
}
