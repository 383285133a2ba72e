//! Whether an endpoint of backends is elsewhere than the upstream URL says.
//!
//! The function that calls endpoints writes a line for each such answer.

use hubcast_model::time::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::json;

use super::account::Account;
use super::fault::{OperatorError, Trouble, sorted};
use crate::call::Call;
use crate::call::api::FILTER_LOG_EVENTS;

/// How the line begins.
const LINE: &str = "no endpoint is at the upstream URL";
/// How far back lines are looked for, in milliseconds.
const LOOK_BACK_MILLIS: u64 = 15 * 60 * 1000;

/// An answer by which an endpoint says that it is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WrongAddress {
    /// The status of the answer.
    pub status: u16,
    /// Where the endpoint is instead; empty when the answer does not say so.
    #[serde(default)]
    pub location: String,
}

/// A line of the log, as the functions write lines.
#[derive(Deserialize)]
struct Line {
    fields: WrongAddress,
}

impl Account {
    /// An answer by which an endpoint of this deployment said lately that it is elsewhere.
    ///
    /// # Errors
    /// When nobody says so.
    pub async fn wrong_address(
        &self,
        deployment: &str,
    ) -> Result<Option<WrongAddress>, OperatorError> {
        let group = format!("/aws/lambda/{deployment}-upstream");
        let input = json!({
            "logGroupName": group,
            "filterPattern": format!("\"{LINE}\""),
            "startTime": SystemClock.now().as_millis().saturating_sub(LOOK_BACK_MILLIS),
        });
        let call = Call::new(FILTER_LOG_EVENTS, &self.sdk);
        let found = call.text(input).await.map_err(sorted(format!("read the logs of {group}")));
        match found {
            Err(err) if err.trouble == Trouble::NotThere => Ok(None),
            found => Ok(found?.and_then(|line| read(&line))),
        }
    }
}

/// A line that cannot be read says nothing.
fn read(line: &str) -> Option<WrongAddress> {
    serde_json::from_str::<Line>(line).ok().map(|line| line.fields)
}
