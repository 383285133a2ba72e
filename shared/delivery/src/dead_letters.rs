//! Dead letters: what cannot be delivered, with the reason.

use std::collections::BTreeMap;

use crate::account::Entry;
use crate::ledger::{Hold, Ledger};
use crate::progress::ProgressRows;
use crate::round::ElementRef;
use hubcast_model::ports::{DeadLetter, NotificationQueue, Progress, ProgressStore};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// A letter with elements of one message, and what the ledger says once the letter is sent.
#[derive(Debug)]
pub(crate) struct Letter {
    /// The number of the message in the batch.
    pub(crate) message: usize,
    /// The elements in the letter.
    pub(crate) elements: Vec<ElementRef>,
    /// The line for each element.
    pub(crate) entry: Entry,
    /// Where a redrive goes on, written before the letter is sent; `None` when it starts anew.
    pub(crate) row: Option<ProgressRow>,
    /// What goes to the dead-letter queue.
    pub(crate) content: DeadLetter,
}

/// A row of progress.
#[derive(Debug)]
pub(crate) struct ProgressRow {
    /// The progress key.
    pub(crate) key: String,
    /// How far the element is.
    pub(crate) progress: Progress,
}

/// Moves what cannot be delivered to the dead-letter queue.
#[derive(Debug)]
pub(crate) struct DeadLetters<'a, S, Q, C> {
    /// The progress of elements.
    pub(crate) progress: ProgressRows<'a, S, C>,
    /// The queues.
    pub(crate) queue: &'a Q,
}

impl<S, Q: NotificationQueue, C> DeadLetters<'_, S, Q, C> {
    /// Sends one letter; false, and a line in the log, when the queue did not take it.
    pub(crate) async fn send(&self, letter: &DeadLetter) -> bool {
        let sent = self.queue.dead_letter(letter).await;
        if let Err(err) = &sent {
            let (reason, progress_key) = (letter.reason, &letter.progress_key);
            tracing::error!(error = %chain(err), reason, progress_key, "a letter is not taken");
        }
        sent.is_ok()
    }
}

impl<S: ProgressStore, Q: NotificationQueue, C: Clock> DeadLetters<'_, S, Q, C> {
    /// Sends letters, and notes in the ledger which of them are sent.
    pub(crate) async fn send_all(&self, letters: Vec<Letter>, ledger: &mut Ledger) {
        for Letter { message, elements, entry, row, content } in letters {
            if self.keep(row).await && self.send(&content).await {
                for at in elements {
                    ledger.append(at, entry.clone());
                }
            } else {
                ledger.hold(message, Hold::Letter);
            }
        }
    }

    async fn keep(&self, row: Option<ProgressRow>) -> bool {
        match row {
            Some(ProgressRow { key, progress }) => {
                self.progress.keep(&BTreeMap::from([(key, progress)])).await
            }
            None => true,
        }
    }
}
