//! Whether functions could set the alarms of connections that outlive their sockets.

use hubcast_model::time::{Clock, SystemClock};

use super::account::Account;
use super::fault::OperatorError;
use super::server_tries::has_line;

/// The line that says that a function could not.
const LINE: &str = "nobody is told when a line should end";
/// The functions that set alarms.
const FUNCTIONS: [&str; 5] = ["connect", "message", "group-join", "disconnect", "publisher"];
/// How far back lines are looked for, in milliseconds.
const LOOK_BACK_MILLIS: u64 = 60 * 60 * 1000;

impl Account {
    /// The functions of this deployment that lately could not set an alarm.
    ///
    /// # Errors
    /// When nobody says so.
    pub async fn failed_alarms(
        &self,
        deployment: &str,
    ) -> Result<Vec<&'static str>, OperatorError> {
        let since = SystemClock.now().as_millis().saturating_sub(LOOK_BACK_MILLIS);
        let mut failed = Vec::new();
        for function in FUNCTIONS {
            let group = format!("/aws/lambda/{deployment}-{function}");
            if has_line(&self.sdk, &group, LINE, since).await? {
                failed.push(function);
            }
        }
        Ok(failed)
    }
}
