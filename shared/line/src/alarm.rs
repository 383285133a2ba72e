//! Somebody has to look at a line whose client does not come back.

use std::future::Future;
use std::time::Duration;

use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::ports::Cause;

/// What the message of an alarm holds around the id of a line.
const BEFORE: &str = "{\"line\":\"";
const BEHIND: &str = "\"}";

/// Tells somebody later that a line may have to end.
pub trait LineAlarm: Send + Sync {
    /// Has somebody look at the line after this time.
    fn ring(
        &self,
        line: &SocketId,
        after: Duration,
    ) -> impl Future<Output = Result<(), Cause>> + Send;
}

/// The message that an alarm is on a queue.
///
/// ```
/// use hubcast_line::alarm_message;
/// use hubcast_model::id::{ConnectionId, SocketId};
///
/// let line = SocketId::of_line(&ConnectionId::line("c").unwrap()).unwrap();
/// assert_eq!(alarm_message(&line), r#"{"line":"~c"}"#);
/// ```
pub fn alarm_message(line: &SocketId) -> String {
    format!("{BEFORE}{line}{BEHIND}")
}

/// The line that the message of an alarm names; `None` when the message is no alarm.
pub fn line_of_alarm(message: &str) -> Option<SocketId> {
    let id = message.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
    SocketId::of_line(&ConnectionId::parse(id).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_names_its_line_and_nothing_else_is_one() {
        let line = SocketId::of_line(&ConnectionId::line("c-1_x").unwrap()).unwrap();
        assert_eq!(line_of_alarm(&alarm_message(&line)), Some(line));
        for message in ["", "{}", "{\"line\":\"\"}", "{\"line\":\"s1=\"}", "{\"hub\":\"~c\"}"] {
            assert_eq!(line_of_alarm(message), None, "{message}");
        }
    }
}
