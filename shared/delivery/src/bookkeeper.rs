//! The bookkeeper: sends the letters, closes the books, and has the queue keep
//! what is not finished.

use std::time::Duration;

use crate::batch::{Batch, Message};
use crate::books;
use crate::dead_letters::DeadLetters;
use crate::journey;
use crate::ledger::{Hold, Ledger};
use crate::report::Report;
use crate::retry::retry_soon;
use hubcast_model::ports::{NotificationQueue, ProgressStore};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// Opens ledgers and closes them.
#[derive(Debug)]
pub(crate) struct Bookkeeper<'a, S, Q, C> {
    /// The way to the dead-letter queue.
    pub(crate) letters: DeadLetters<'a, S, Q, C>,
    /// The time.
    pub(crate) clock: &'a C,
    /// An element that is not finished at this age is given up.
    pub(crate) age_max: Duration,
}

impl<S, Q, C> Bookkeeper<'_, S, Q, C>
where
    S: ProgressStore,
    Q: NotificationQueue,
    C: Clock,
{
    /// Cuts a batch down to what earlier invocations left of redelivered messages, and opens the
    /// ledger. Where that cannot be read, redelivered messages are held, so that nothing is sent
    /// twice.
    pub(crate) async fn open(&self, batch: &mut Batch) -> Ledger {
        let known = self.letters.progress.read(&batch.resumable_keys()).await;
        match known {
            Ok(known) => {
                batch.resume(known);
                Ledger::open(batch)
            }
            Err(err) => {
                tracing::error!(error = %chain(&err), "progress could not be read");
                let mut ledger = Ledger::open(batch);
                for message in batch.messages.iter().filter(|message| message.is_redelivered()) {
                    ledger.hold(message.at, Hold::Unread);
                }
                ledger
            }
        }
    }

    /// Closes the books of a batch.
    pub(crate) async fn close(&self, batch: &Batch, mut ledger: Ledger) -> Report {
        let now = self.clock.now();
        let letters = books::letters(batch, &ledger, now, self.age_max);
        self.letters.send_all(letters, &mut ledger).await;
        let closing = books::close(batch, &ledger, now);
        if !closing.rows.is_empty() {
            self.letters.progress.keep(&closing.rows).await;
        }
        let is_held = |message: &Message| closing.report.failed.contains(&message.queued.id);
        journey::tell(batch, &ledger, is_held, now);
        for message in &closing.held {
            retry_soon(self.letters.queue, message, now).await;
        }
        closing.report
    }
}
