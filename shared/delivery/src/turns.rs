//! Turns: of messages that are the same, one is worked at a time.
//!
//! A queue that may hand a message over again may do so at once, and a service
//! may send a message twice. Whoever has the turn works; the others wait until
//! progress says what became of the message. A turn that nobody ends, after a
//! crash, ends by itself.

use std::time::Duration;

use futures_util::future::join_all;

use crate::report::Report;
use crate::retry::retry_soon;
use hubcast_model::ports::{NotificationQueue, ProgressStore, QueuedMessage};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// How long a turn lasts at the most: longer than an invocation of the publisher.
const TURN: Duration = Duration::from_secs(40);

/// Gives turns to messages that may come again.
#[derive(Debug)]
pub(crate) struct Turns<'a, S, Q, C> {
    /// The table.
    pub(crate) store: &'a S,
    /// The queues.
    pub(crate) queue: &'a Q,
    /// The time.
    pub(crate) clock: &'a C,
}

/// What became of the messages of a batch.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The messages that may be worked, in order.
    pub(crate) messages: Vec<QueuedMessage>,
    /// The names of those that have a turn.
    pub(crate) turns: Vec<String>,
    /// The messages that wait.
    pub(crate) waiting: Vec<QueuedMessage>,
}

impl<S: ProgressStore, Q: NotificationQueue, C: Clock> Turns<'_, S, Q, C> {
    /// Takes the turn of each message that may come again.
    pub(crate) async fn take(&self, messages: Vec<QueuedMessage>) -> Taken {
        let asked = messages.iter().map(|message| self.may_work(message));
        let answers = join_all(asked).await;
        let mut taken = Taken::default();
        for (message, may_work) in messages.into_iter().zip(answers) {
            if may_work {
                taken.turns.extend(message.repeatable.clone());
                taken.messages.push(message);
            } else {
                taken.waiting.push(message);
            }
        }
        taken
    }

    /// Without an answer the message waits: somebody else may have the turn, and has nothing written
    /// down yet.
    async fn may_work(&self, message: &QueuedMessage) -> bool {
        let Some(name) = &message.repeatable else {
            return true;
        };
        let now = self.clock.now();
        self.store.take_turn(name, now, now.plus(TURN)).await.unwrap_or_else(|err| {
            tracing::warn!(error = %chain(&err), "a turn could not be taken");
            false
        })
    }

    /// Ends turns, once progress says what became of their messages.
    pub(crate) async fn end(&self, turns: &[String]) {
        for ended in join_all(turns.iter().map(|name| self.store.end_turn(name))).await {
            if let Err(err) = ended {
                tracing::warn!(error = %chain(&err), "a turn ends late, by itself");
            }
        }
    }

    /// Leaves waiting messages on the queue.
    pub(crate) async fn put_off(&self, waiting: Vec<QueuedMessage>) -> Report {
        for message in &waiting {
            retry_soon(self.queue, message, self.clock.now()).await;
        }
        let failed = waiting.into_iter().map(|message| message.id).collect();
        Report { failed, ..Report::default() }
    }
}
