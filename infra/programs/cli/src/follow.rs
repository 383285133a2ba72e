//! Following what was sent, until the log tells its fate.

use std::time::Duration;

use hubcast_model::journey::fate::{Fate, Outcome, of_message};
use hubcast_model::time::{Clock, SystemClock};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use crate::why::read;

/// How often the log is looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// The clock of this machine may be ahead of the log's.
const SKEW: Duration = Duration::from_mins(5);

/// Waits for the fates of messages for as long as `patience`, and tells each. The first bad fate is
/// the result.
///
/// # Errors
/// When a message was rejected (code 3), reached nobody or has no fate yet (code 4), and when the
/// log cannot be read.
pub(crate) async fn follow(
    ids: &[String],
    patience: Duration,
    deployment: &Deployment,
    output: &Output,
) -> Result<(), Failure> {
    let log = deployment.log().await?;
    let (since, until) = (SystemClock.now().minus(SKEW), Instant::now() + patience);
    let mut first = Ok(());
    for id in ids {
        let fate = loop {
            let fate = of_message(id, &read(&log, id, since).await?);
            if Instant::now() >= until || fate.as_ref().is_some_and(is_settled) {
                break fate;
            }
            sleep(PAUSE).await;
        };
        tell(id, fate.as_ref(), output)?;
        let verdict = verdict(id, fate.as_ref(), patience);
        first = first.and(verdict);
    }
    first
}

fn is_settled(fate: &Fate) -> bool {
    fate.outcome != Outcome::Underway
}

fn tell(id: &str, fate: Option<&Fate>, output: &Output) -> Result<(), Failure> {
    let Some(Fate { outcome, sentence }) = fate else {
        return Ok(());
    };
    let json = json!({ "id": id, "outcome": outcome.as_str(), "sentence": sentence });
    output.result(&json, || sentence.clone())
}

fn verdict(id: &str, fate: Option<&Fate>, patience: Duration) -> Result<(), Failure> {
    match fate.map(|fate| fate.outcome) {
        Some(Outcome::Done | Outcome::Kept) => Ok(()),
        Some(Outcome::Rejected) => Err(Failure::Rejected(format!(
            "the message {id} is a dead letter; see hubcast dlq list"
        ))),
        Some(Outcome::Expired | Outcome::Undeliverable) => {
            Err(Failure::NotThere(format!("the message {id} reached nobody")))
        }
        Some(Outcome::Underway) | None => {
            let seconds = patience.as_secs();
            let text = format!(
                "the log tells no fate of the message {id} after {seconds} s; ask again with hubcast why --message {id}"
            );
            Err(Failure::NotThere(text))
        }
    }
}
