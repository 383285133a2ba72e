//! How `$disconnect` tells of the end of a socket, as the log of the function says.
//!
//! Three sockets end in three ways. The code and the time of each `$disconnect`
//! stand in the line of the log that says that the connection has ended.

use std::time::Duration;

use hubcast_model::journey::{Line, Step};
use hubcast_model::ports::ConnectionGateway;
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use tokio::time::{Instant, sleep};

use super::{Scene, socket_id};
use crate::probe::answer::{Answer, NoAnswer, Seen};
use crate::why;

/// The pause between two readings of the log.
const PAUSE: Duration = Duration::from_secs(1);

/// An end that the probe made.
struct Ending {
    /// Who ended the socket, in words.
    by: &'static str,
    /// The `ConnectionId`.
    connection: String,
    at: Timestamp,
}

/// An end, and what the log says of it.
pub(super) struct Told {
    by: &'static str,
    /// The code that `$disconnect` told; `None` when the log does not say.
    code: Option<i64>,
    /// How long after the end, by the clocks of this machine and of the log; `None` when the log
    /// does not say.
    delay: Option<Duration>,
}

/// Ends sockets, and reads what the log says of them.
pub(super) async fn told(on: &Scene<'_>) -> Result<Vec<Told>, NoAnswer> {
    let needed = "needs --log-seconds, 90 on AWS, and credentials that may read the log";
    let seconds = on.effort.log_seconds.ok_or(NoAnswer::Skipped(needed))?;
    let endings = [closed(on).await?, lost(on).await?, deleted(on).await?];
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut told = Vec::new();
    for ending in endings {
        let line = line_of(on, &ending, until).await?;
        told.push(Told::of(&ending, line.as_ref()));
    }
    Ok(told)
}

/// The codes, as a row.
pub(super) fn codes(told: &Result<Vec<Told>, NoAnswer>) -> Answer {
    let told = told.as_ref().map_err(NoAnswer::clone)?;
    Ok(row(told, |told| told.code.map(|code| code.to_string())))
}

/// The delays, as a row.
pub(super) fn delays(told: Result<Vec<Told>, NoAnswer>) -> Answer {
    Ok(row(&told?, |told| told.delay.map(|delay| format!("{} ms", delay.as_millis()))))
}

fn row(told: &[Told], shown: impl Fn(&Told) -> Option<String>) -> Seen {
    let part = |told: &Told| {
        let shown = shown(told).unwrap_or_else(|| "the log says nothing".to_owned());
        format!("{}: {shown}", told.by)
    };
    Seen::info(told.iter().map(part).collect::<Vec<_>>().join("; "))
}

/// The client closes its socket.
async fn closed(on: &Scene<'_>) -> Result<Ending, NoAnswer> {
    let mut dialogue = on.ready().await?;
    let connection = dialogue.id().await?;
    let at = SystemClock.now();
    dialogue.close().await;
    Ok(Ending { by: "closed by the client", connection, at })
}

/// The client is gone without a close.
async fn lost(on: &Scene<'_>) -> Result<Ending, NoAnswer> {
    let mut dialogue = on.ready().await?;
    let connection = dialogue.id().await?;
    let at = SystemClock.now();
    drop(dialogue);
    Ok(Ending { by: "gone without a close", connection, at })
}

/// The management API deletes the socket.
async fn deleted(on: &Scene<'_>) -> Result<Ending, NoAnswer> {
    let gateway = on.gateway().await?;
    let mut dialogue = on.ready().await?;
    let connection = dialogue.id().await?;
    let at = SystemClock.now();
    gateway.delete(&socket_id(&connection)?).await?;
    Ok(Ending { by: "deleted", connection, at })
}

/// The line that says that a connection has ended, as soon as the log has the line.
async fn line_of(
    on: &Scene<'_>,
    ending: &Ending,
    until: Instant,
) -> Result<Option<Line>, NoAnswer> {
    let log = on.deployment.log().await?;
    loop {
        let lines = why::read(&log, &ending.connection, ending.at).await?;
        let line = lines.into_iter().find(|line| line.step == Step::Closed);
        if line.is_some() || Instant::now() > until {
            return Ok(line);
        }
        sleep(PAUSE).await;
    }
}

impl Told {
    fn of(ending: &Ending, line: Option<&Line>) -> Self {
        let code = line.and_then(|line| line.fields.get("close_code")?.as_i64());
        let delay = line.map(|line| line.at.since(ending.at));
        Self { by: ending.by, code, delay }
    }
}
