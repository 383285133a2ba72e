//! What backends ask for by calls: what is in the table at once, what comes through the queue, and
//! in which order.

mod commands;
mod invocations;
mod memberships;

use std::collections::BTreeSet;

use hubcast_backend::{Backend, Payload, Sending};
use hubcast_membership::shards::Shards;
use hubcast_model::audience::Audience;
use hubcast_model::channel::ShardCounts;
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::Outgoing;
use hubcast_testkit::queued::in_group;
use hubcast_testkit::{MemoryStore, RecordingSender, TestClock, name};

use crate::stage::{HUB, Stage};

/// A stage with a backend; what it enqueues waits until it is published.
struct Office {
    stage: Stage,
    queue: RecordingSender,
    backend: Backend<MemoryStore, RecordingSender, TestClock>,
}

static NOBODY: BTreeSet<ConnectionId> = BTreeSet::new();

impl Default for Office {
    fn default() -> Self {
        let (stage, queue) = (Stage::default(), RecordingSender::default());
        let shards = Shards::new(ShardCounts::default());
        let backend = Backend::new(stage.store.clone(), queue.clone(), stage.clock.clone(), shards);
        Self { stage, queue, backend }
    }
}

impl Office {
    async fn send(&self, audience: Audience, target: &str) {
        let sending = Sending { audience: &audience, excluded: &NOBODY, idempotency_key: None };
        let sent = self.backend.sender(&name::hub(HUB)).send(&[sending], &payload(target)).await;
        sent.expect("sent");
    }

    /// Publishes everything that was enqueued, each message for itself and group by group in the
    /// order in which it was enqueued.
    async fn publish(&self) {
        for (at, Outgoing { body, group, .. }) in self.queue.sent().into_iter().enumerate() {
            let message = in_group(&at.to_string(), group.as_str(), &body);
            let report = self.stage.publish([message]).await;
            assert!(report.failed.is_empty(), "{report:?}");
        }
    }

    /// Publishes as soon as one more message was enqueued.
    async fn publish_when_sent(&self) {
        let before = self.queue.sent().len();
        while self.queue.sent().len() == before {
            tokio::task::yield_now().await;
        }
        let sent = self.queue.sent();
        let Outgoing { body, group, key } = sent.last().unwrap();
        self.stage.publish([in_group(key, group.as_str(), body)]).await;
    }

    fn groups(&self) -> Vec<String> {
        self.queue.sent().into_iter().map(|sent| sent.group.to_string()).collect()
    }
}

fn payload(target: &str) -> Payload {
    Payload::from_json(&format!("{{\"target\":\"{target}\"}}")).expect("a payload")
}

fn group(group: &str) -> Audience {
    Audience::group(name::group(group))
}
