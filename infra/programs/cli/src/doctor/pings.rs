//! How much of the bill are pings, and what a longer keep-alive would save.

use hubcast_aws::operator::{FrameCounts, Trouble};
use hubcast_model::report::chain;

use super::finding::Finding;
use crate::deployment::Deployment;

const PINGS: &str = "pings";
/// What a million pings cost, the answers included, as `infra/cloud/cost/cost.mjs` computes.
const DOLLARS_PER_MILLION: f64 = 2.22;
/// So many quarters of an hour has a month of thirty days.
const QUARTERS_OF_A_MONTH: f64 = 30.0 * 24.0 * 4.0;
/// What pings every 240 s save of pings every 15 s.
const SAVED: f64 = 1.0 - 15.0 / 240.0;

/// Looks at the metrics of a deployment; a local stack has none, and no bill.
pub(super) async fn examine(deployment: &Deployment) -> Option<Finding> {
    if deployment.local().is_some() {
        return None;
    }
    let found = match deployment.account().await {
        Ok(account) => account.frame_counts(deployment.prefix()).await,
        Err(err) => Err(err),
    };
    Some(match found {
        Ok(counts) => told(counts),
        Err(err) if err.trouble == Trouble::Denied => {
            Finding::skip(PINGS, chain(&err)).advised("ask for logs:FilterLogEvents")
        }
        Err(err) => Finding::skip(PINGS, chain(&err)),
    })
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn told(counts: FrameCounts) -> Finding {
    let FrameCounts { frames, pings } = counts;
    if pings == 0 {
        return Finding::ok(PINGS, "none in the last 15 minutes");
    }
    let percent = 100 * pings / frames.max(1);
    let month = pings as f64 * QUARTERS_OF_A_MONTH * DOLLARS_PER_MILLION / 1e6;
    let text =
        format!("{percent} % of frames are pings, which cost ${month:.2} a month at this rate");
    let advice = format!(
        "clients that ping every 15 s, as they do by default, would save ${:.2} of it with a keep-alive of 240 s; see docs/MIGRATION.md",
        month * SAVED
    );
    Finding::ok(PINGS, text).advised(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_are_told_with_their_share_their_cost_and_what_can_be_saved() {
        // 1,000 clients that ping every 15 s, and some calls.
        let finding = told(FrameCounts { frames: 62_000, pings: 60_000 });
        assert_eq!(
            finding.detail,
            "96 % of frames are pings, which cost $383.62 a month at this rate"
        );
        assert!(finding.advice.unwrap_or_default().contains("save $359.64 of it"));
    }

    #[test]
    fn without_pings_there_is_nothing_to_save() {
        assert_eq!(told(FrameCounts::default()).advice, None);
    }
}
