//! Publishers, which work at once and may be killed.

use std::time::Duration;

use hubcast_model::ports::QueuedMessage;
use hubcast_testkit::queued::again;

use super::{GROUPS, History, death};
use crate::lines::stage::LineStage;

impl History {
    /// Two publishers at once, each with the next message of another group. One may be killed.
    pub(super) async fn publish(&mut self) {
        let first = self.rng.usize(0..GROUPS.len());
        let groups = [GROUPS[first], GROUPS[(first + 1) % GROUPS.len()]];
        let next = groups.map(|group| self.queues[group].front().cloned());
        let killed_after = self.killed_after();
        let [one, other] = next;
        let (one, other) = tokio::join!(
            publish(&self.stage, one, killed_after),
            publish(&self.stage, other, usize::MAX)
        );
        for (group, outcome) in groups.into_iter().zip([one, other]) {
            let queue = self.queues.get_mut(group).unwrap();
            match outcome {
                Outcome::Taken => {
                    queue.pop_front();
                }
                Outcome::ComesAgain => {
                    // The queue brings a message again after a while.
                    self.stage.stage.clock.advance(Duration::from_secs(4));
                    let message = queue.pop_front().unwrap();
                    queue.push_front(again(&message));
                }
                Outcome::Nothing => {}
            }
        }
    }
}

enum Outcome {
    Taken,
    ComesAgain,
    Nothing,
}

async fn publish(stage: &LineStage, message: Option<QueuedMessage>, steps: usize) -> Outcome {
    let Some(message) = message else {
        return Outcome::Nothing;
    };
    tokio::select! {
        report = stage.publish(message) => {
            if report.failed.is_empty() { Outcome::Taken } else { Outcome::ComesAgain }
        }
        () = death(steps) => Outcome::ComesAgain,
    }
}
