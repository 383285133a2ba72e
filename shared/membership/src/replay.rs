//! The retained values that a newcomer to a channel is shown.
//!
//! A sender who changes a value writes the value first and then reads the
//! channel. A newcomer writes its row of the channel first and then reads the
//! board. So one of the two always sees the other.
//!
//! A value that was read may be old by the time it is posted, after the sender
//! posted the new one. So the board is read again after each post, until
//! nothing new hangs there. The value that is posted last is the newest.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use hubcast_model::ports::{BoardStore, StoreError};
use hubcast_model::retention::{Board, QueuePosition, RetainedKey, RetainedValue, Uses};
use hubcast_model::time::Timestamp;

/// How many boards are read at once.
const READS_AT_ONCE: usize = 16;

/// The boards that a newcomer is shown, and the values that were posted so far.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The boards to show.
    boards: BTreeSet<Board>,
    /// Where in its queue each value stood that was posted last.
    posted: BTreeMap<(Board, RetainedKey), QueuePosition>,
}

impl Replay {
    /// A replay of which nothing was posted yet. Boards of a kind that is not in use are left out.
    pub fn new(boards: impl IntoIterator<Item = Board>, uses: &Uses) -> Self {
        let boards = boards.into_iter().filter(|board| uses.contains(&board.kind()));
        Self { boards: boards.collect(), posted: BTreeMap::new() }
    }

    /// The records to post now, in the order in which they were sent. None when everything that
    /// hangs on the boards at `now` was posted.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn next(
        &mut self,
        store: &impl BoardStore,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let mut reads = Vec::with_capacity(self.boards.len());
        for board in &self.boards {
            reads.push(async move { Ok((board.clone(), store.retained(board, now).await?)) });
        }
        let reads = stream::iter(reads).buffer_unordered(READS_AT_ONCE);
        let boards: Vec<(Board, Vec<RetainedValue>)> = reads.try_collect().await?;
        Ok(self.unposted(boards))
    }

    /// The records of values that were not posted yet. A value on several boards is one record.
    fn unposted(&mut self, boards: Vec<(Board, Vec<RetainedValue>)>) -> Vec<String> {
        let mut records = BTreeMap::new();
        for (board, values) in boards {
            for value in values {
                let at = (board.clone(), value.key);
                let before = self.posted.insert(at, value.position.clone());
                if before.as_ref() != Some(&value.position) {
                    records.extend(value.record.map(|record| (value.position, record)));
                }
            }
        }
        records.into_values().collect()
    }
}
