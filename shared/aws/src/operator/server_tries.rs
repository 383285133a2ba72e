//! Whether a server tries to connect, as in Azure's default and persistent mode.
//!
//! The front door and the negotiate function each write a line for it. A server
//! that means hubcast by mistake tries again every minute, for ever.

use aws_config::{Region, SdkConfig};
use hubcast_model::time::{Clock, SystemClock};
use serde_json::json;

use super::account::Account;
use super::fault::{OperatorError, Trouble, sorted};
use crate::call::Call;
use crate::call::api::FILTER_LOG_EVENTS;

/// The line that says so.
const LINE: &str = "a server in default or persistent mode tried to connect";
/// How far back lines are looked for, in milliseconds.
const LOOK_BACK_MILLIS: u64 = 15 * 60 * 1000;
/// Where CloudFront's functions log, whatever region the deployment is in.
const OF_FRONT_DOORS: Region = Region::from_static("us-east-1");

impl Account {
    /// Whether a server tried to connect to this deployment lately.
    ///
    /// # Errors
    /// When nobody says so.
    pub async fn has_server_tries(&self, deployment: &str) -> Result<bool, OperatorError> {
        let at_front_door = self.sdk.clone().into_builder().region(OF_FRONT_DOORS).build();
        let function = format!("/aws/lambda/{deployment}-negotiate");
        let front_door = format!("/aws/cloudfront/function/{deployment}-front-door-viewer-request");
        let since = SystemClock.now().as_millis().saturating_sub(LOOK_BACK_MILLIS);
        Ok(has_line(&self.sdk, &function, LINE, since).await?
            || has_line(&at_front_door, &front_door, LINE, since).await?)
    }
}

/// Whether a log group has a line with this text since this time, in milliseconds.
pub(super) async fn has_line(
    sdk: &SdkConfig,
    group: &str,
    text: &str,
    since: u64,
) -> Result<bool, OperatorError> {
    let call = Call::new(FILTER_LOG_EVENTS, sdk);
    let input = json!({
        "logGroupName": group,
        "filterPattern": format!("\"{text}\""),
        "startTime": since,
    });
    let found = call.text(input).await.map_err(sorted(format!("read the logs of {group}")));
    match found {
        Err(err) if err.trouble == Trouble::NotThere => Ok(false),
        found => Ok(found?.is_some()),
    }
}
