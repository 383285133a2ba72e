//! Alarms of lines, which come by the queue of what is due later.
//!
//! A line whose client did not come back ends. What its client did not take, and
//! what is kept for its user, is sent once more: to connections that the user
//! has by now, or to the inbox.

use std::time::Duration;

use hubcast_delivery::{Publish, Report};
use hubcast_line::line_of_alarm;
use hubcast_membership::line_end::{EndLines, LineEndError, Untaken};
use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, SystemClock};
use serde_json::{Value, json};

/// Looks at the lines that alarms name, and publishes everything else.
#[derive(Debug)]
pub struct WithAlarms<P, E, C = SystemClock> {
    publisher: P,
    ends: E,
    clock: C,
    /// The name of the queue of alarms, where there is one.
    timers: Option<String>,
}

/// An alarm that is being looked at.
struct Alarm {
    line: SocketId,
    message: QueuedMessage,
}

impl<P, E, C> WithAlarms<P, E, C> {
    /// Alarms of the queue with this name in front of a publisher.
    pub const fn new(publisher: P, ends: E, clock: C, timers: Option<String>) -> Self {
        Self { publisher, ends, clock, timers }
    }

    /// The line that a message names, if the message is an alarm.
    fn line(&self, message: &QueuedMessage) -> Option<SocketId> {
        let timers = self.timers.as_ref()?;
        if message.queue == *timers { line_of_alarm(&message.body) } else { None }
    }
}

impl<P: Publish, E: EndLines, C: Clock> Publish for WithAlarms<P, E, C> {
    async fn publish(&self, messages: Vec<QueuedMessage>, patience: Duration) -> Report {
        let (mut rest, mut alarms) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages {
            match self.line(&message) {
                None => rest.push(message),
                Some(line) => alarms.push(Alarm { line, message }),
            }
        }
        let mut report = Report::default();
        if !rest.is_empty() {
            report = self.publisher.publish(rest, patience).await;
        }
        for alarm in alarms {
            if let Err(err) = self.look(&alarm, patience).await {
                let line = &alarm.line;
                tracing::warn!(error = %chain(&*err), line.id = %line, "a line is looked at again later");
                report.failed.push(alarm.message.id);
            }
        }
        report
    }
}

/// What was left of a line is not sent yet.
#[derive(Debug, thiserror::Error)]
#[error("what a line left is not sent yet")]
struct Unsent;

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl<P: Publish, E: EndLines, C: Clock> WithAlarms<P, E, C> {
    /// Ends a line if its time is up, and sends what it left.
    async fn look(&self, alarm: &Alarm, patience: Duration) -> Result<(), Cause> {
        if !self.ends.time_up(&alarm.line).await? {
            return Ok(());
        }
        let untaken = self.ends.untaken(&alarm.line).await?;
        let messages: Vec<QueuedMessage> =
            untaken.iter().filter_map(|untaken| self.message(alarm, untaken)).collect();
        if !messages.is_empty() {
            let report = self.publisher.publish(messages, patience).await;
            if !report.failed.is_empty() {
                return Err(Box::new(Unsent));
            }
        }
        Ok::<(), LineEndError>(self.ends.seen_to(&alarm.line).await?).map_err(Cause::from)
    }

    /// What was left, as the message that brought it first; `None` when it is of no use any more.
    ///
    /// The message has its former place in its queue, so that two connections that left it put it
    /// into the inbox once.
    fn message(&self, alarm: &Alarm, untaken: &Untaken) -> Option<QueuedMessage> {
        let Untaken { left, place } = untaken;
        let kept = &left.keeping.kept;
        let seconds = kept.until.since(self.clock.now()).as_secs();
        let record: Value = serde_json::from_str(left.record.trim_end_matches('\u{1e}')).ok()?;
        if seconds == 0 {
            return None;
        }
        let body = json!({
            "hub": kept.hub.as_str(),
            "userId": kept.user.as_str(),
            "target": record.get("target")?,
            "arguments": record.get("arguments")?,
            "keepSeconds": seconds,
        });
        Some(QueuedMessage {
            group: kept.position.group().to_owned(),
            left: Some(place.clone()),
            sent_at: self.clock.now(),
            id: format!("{}/{}", alarm.message.id, place.among_left.position()),
            body: body.to_string(),
            ..alarm.message.clone()
        })
    }
}
