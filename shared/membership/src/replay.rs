//! RetainedValue values on their way to who has just come.
//!
//! Whoever changes a value writes it first and then reads the channel; whoever
//! comes into a channel writes the row first and then reads the board. So one
//! of the two always sees the other. A value that was read may be old by the
//! time it is posted, after the new one was: so the board is read again after
//! each post, until it says nothing new. What is posted last is the newest.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use hubcast_model::later::{Board, QueuePosition, RetainedKey, RetainedValue, Uses};
use hubcast_model::ports::{BoardStore, StoreError};
use hubcast_model::time::Timestamp;

/// How many boards are read at once.
const READS_AT_ONCE: usize = 16;

/// The boards that somebody is shown, and what of them was posted so far.
#[derive(Debug, Clone)]
pub struct Replay {
    boards: BTreeSet<Board>,
    posted: BTreeMap<(Board, RetainedKey), QueuePosition>,
}

impl Replay {
    /// Nothing was posted yet. Boards of a kind that is not in use are empty.
    pub fn new(boards: impl IntoIterator<Item = Board>, uses: &Uses) -> Self {
        let boards = boards.into_iter().filter(|board| uses.contains(&board.kind()));
        Self { boards: boards.collect(), posted: BTreeMap::new() }
    }

    /// The records that are to be posted now, in the order in which they were sent; none when
    /// everything that hangs there was posted.
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

    /// What was sent to several boards at once is posted once.
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
