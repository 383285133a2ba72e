//! Queues and table: whether they exist, and whether they are set up as in the template.

use hubcast_aws::operator::{OperatorError, Queue, QueueState, TableState};

use super::finding::Finding;
use crate::deployment::Deployment;

const NOTIFICATIONS: &str = "notifications";
const DELIVERIES: &str = "deliveries";
const DEAD_LETTERS: &str = "dead letters";
const TABLE: &str = "table";
/// How many days progress is kept. A redrive within this time continues where the letter stood.
const KEPT_DAYS: u64 = 14;

/// Checks the queues and the table.
pub(super) async fn examine(deployment: &Deployment) -> Vec<Finding> {
    if let Err(err) = deployment.account().await {
        return vec![Finding::of_aws("account", err, deployment)];
    }
    vec![
        queue(NOTIFICATIONS, deployment, deployment.notifications().await, source).await,
        queue(DELIVERIES, deployment, deployment.deliveries().await, source).await,
        queue(DEAD_LETTERS, deployment, deployment.dead_letters().await, last).await,
        table(deployment).await,
    ]
}

async fn queue(
    check: &'static str,
    deployment: &Deployment,
    found: Result<Queue, OperatorError>,
    judge: impl FnOnce(&'static str, &str, &QueueState) -> Finding,
) -> Finding {
    let seen = async {
        let queue = found?;
        let state = queue.look().await?;
        Ok((queue, state))
    };
    match seen.await {
        Err(err) => Finding::of_aws(check, err, deployment),
        Ok((queue, _)) if !queue.is_fifo() => {
            let text = format!("{} is no FIFO queue", queue.name());
            Finding::bad(check, text).advised("create it anew, as the template does")
        }
        Ok((queue, state)) => judge(check, queue.name(), &state),
    }
}

/// Judges a queue that the publisher consumes.
fn source(check: &'static str, name: &str, state: &QueueState) -> Finding {
    if state.drops_equal_bodies {
        let text = format!("{name} takes equal messages within five minutes for one");
        return Finding::bad(check, text).advised("turn ContentBasedDeduplication off");
    }
    if state.dead_letters.is_none() {
        let text = format!(
            "{name} has no dead-letter queue, so what crashes the publisher comes again and again"
        );
        return Finding::warn(check, text).advised("give it a RedrivePolicy");
    }
    if !state.is_high_throughput {
        let text = format!("{name} shares its throughput among all message groups");
        let advice =
            "set FifoThroughputLimit to perMessageGroupId and DeduplicationScope to messageGroup";
        return Finding::warn(check, text).advised(advice);
    }
    let counts = format!("{name}: {} waiting, {} in flight", state.waiting, state.in_flight);
    if state.waiting > 0 && state.in_flight == 0 {
        let advice = "look again in a moment; if they still wait, see that the publisher's event source is on, and its log";
        return Finding::warn(check, counts).advised(advice);
    }
    Finding::ok(check, counts)
}

/// Judges the queue of dead letters.
fn last(check: &'static str, name: &str, state: &QueueState) -> Finding {
    let (waiting, days) = (state.waiting, state.kept_seconds / (24 * 3600));
    let counts = format!("{name}: {waiting} waiting, kept for {days} days");
    if waiting > 0 {
        return Finding::warn(check, counts).advised("see `hubcast dlq list`");
    }
    if days < KEPT_DAYS {
        let advice = format!(
            "set MessageRetentionPeriod to {KEPT_DAYS} days, for as long a redrive goes on where it stood"
        );
        return Finding::warn(check, counts).advised(advice);
    }
    Finding::ok(check, counts)
}

async fn table(deployment: &Deployment) -> Finding {
    match state_of_table(deployment).await {
        Err(err) => Finding::of_aws(TABLE, err, deployment),
        Ok((name, state)) => of_table(&name, state),
    }
}

async fn state_of_table(deployment: &Deployment) -> Result<(String, TableState), OperatorError> {
    let name = deployment.table().await?;
    let state = deployment.account().await?.table(&name).await?;
    Ok((name, state))
}

fn of_table(name: &str, state: TableState) -> Finding {
    match state {
        state if !state.has_key => {
            let advice = "name another with --table, or create it anew, as the template does";
            Finding::bad(TABLE, format!("{name} has another key than pk and sk")).advised(advice)
        }
        state if !state.is_active => {
            Finding::bad(TABLE, format!("{name} is not active")).advised("look again in a moment")
        }
        state if !state.has_ttl => {
            let advice = "turn time to live on, for the attribute ttl";
            Finding::warn(TABLE, format!("{name} keeps rows that have expired")).advised(advice)
        }
        _ => Finding::ok(TABLE, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn good() -> QueueState {
        QueueState {
            waiting: 0,
            in_flight: 0,
            drops_equal_bodies: false,
            is_high_throughput: true,
            dead_letters: Some("hubcast-dlq.fifo".to_owned()),
            kept_seconds: 14 * 24 * 3600,
        }
    }

    #[test]
    fn a_queue_as_the_template_makes_it_is_ok() {
        assert_eq!(source("q", "q.fifo", &good()).verdict, Verdict::Ok);
        assert_eq!(
            source("q", "q.fifo", &QueueState { waiting: 5, in_flight: 1, ..good() }).verdict,
            Verdict::Ok
        );
        assert_eq!(last("q", "q.fifo", &good()).verdict, Verdict::Ok);
    }

    #[test]
    fn each_deviation_is_told_with_what_to_do() {
        for (state, verdict, advice) in [
            (
                QueueState { drops_equal_bodies: true, ..good() },
                Verdict::Bad,
                "ContentBasedDeduplication",
            ),
            (QueueState { dead_letters: None, ..good() }, Verdict::Warn, "RedrivePolicy"),
            (
                QueueState { is_high_throughput: false, ..good() },
                Verdict::Warn,
                "FifoThroughputLimit",
            ),
            (QueueState { waiting: 1, ..good() }, Verdict::Warn, "event source"),
        ] {
            let finding = source("q", "q.fifo", &state);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.advice.as_deref().unwrap().contains(advice), "{finding:?}");
        }
        for (state, advice) in [
            (QueueState { waiting: 3, ..good() }, "dlq list"),
            (QueueState { kept_seconds: 345_600, ..good() }, "MessageRetentionPeriod"),
        ] {
            let finding = last("q", "q.fifo", &state);
            assert_eq!(finding.verdict, Verdict::Warn);
            assert!(finding.advice.as_deref().unwrap().contains(advice), "{finding:?}");
        }
    }
}
