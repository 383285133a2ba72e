//! Whether a deployment that changed parameters alone has taken effect.

use hubcast_aws::operator::Trouble;

use super::Scene;
use crate::doctor::settings::{ACTIONS, stale_variables};
use crate::probe::answer::{Answer, NoAnswer, Seen};

/// Compares the functions with the parameters of the stack, as `hubcast doctor` does.
pub(super) async fn effective(on: &Scene<'_>) -> Answer {
    if !on.effort.stack || on.deployment.local().is_some() {
        return Err(NoAnswer::Skipped("needs --stack, and credentials; --prefix names the stack"));
    }
    let stale = match stale_variables(on.deployment).await {
        Err(err) if err.trouble == Trouble::Denied => {
            return Err(NoAnswer::Skipped(ACTIONS));
        }
        stale => stale?,
    };
    if stale.is_empty() {
        return Ok(Seen::ok("yes: all functions run with the parameters of the stack"));
    }
    let text = format!("no: {}; hubcast doctor names the functions", stale.join(", "));
    Ok(Seen::judged(false, text))
}
