//! Boards: retained values are hung up before the audience is read, and shown
//! to the sockets that an action puts into a group.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::batch::Case;
use crate::ledger::Ledger;
use crate::progress::PROGRESS_LIFETIME;
use crate::round::{Round, Showing};
use hubcast_membership::lasting::MEMBERSHIP_LIFETIME;
use hubcast_membership::replay::Replay;
use hubcast_model::envelope::{
    Audience, Content, Notification, RejectReason, Rejection, Retention,
};
use hubcast_model::frame::content_text;
use hubcast_model::id::{GroupName, HubName};
use hubcast_model::ports::{BoardStore, Consistency, StoreError, UsageStore};
use hubcast_model::retention::{Board, KEYS_MAX, RetainedValue};
use hubcast_model::time::{Clock, Timestamp};

/// How many boards are read or written at once.
const BOARDS_AT_ONCE: usize = 16;

fn too_many(key: &str) -> Rejection {
    let detail = format!(
        "'{}' would be one more than the {KEYS_MAX} retained keys of the audience; take one down",
        key.escape_debug()
    );
    Rejection::new(RejectReason::TooManyRetained, detail)
}

/// What an element did to boards.
#[derive(Debug)]
pub(crate) enum BoardChange {
    /// Nothing: the element retains nothing.
    Nothing,
    /// The boards hold what the element says. Newcomers to the audience find it there from now on,
    /// so the audience has to be read anew.
    Written,
    /// Nothing: a board takes no further key.
    Refused(Rejection),
}

/// Hangs values up, and reads them.
#[derive(Debug)]
pub(crate) struct Boards<'a, S, C> {
    /// The table.
    pub(crate) store: &'a S,
    /// The time.
    pub(crate) clock: &'a C,
}

impl<S, C> Boards<'_, S, C>
where
    S: BoardStore + UsageStore,
    C: Clock,
{
    /// Hangs up what an element retains, or takes it down. Safe to repeat.
    pub(crate) async fn hang_up(
        &self,
        case: Case<'_>,
        notification: &Notification,
    ) -> Result<BoardChange, StoreError> {
        let (audience, key, lifetime) = match (&notification.content, &notification.retention) {
            (Content::Clear { audience, key }, _) => (audience, key, PROGRESS_LIFETIME),
            (Content::Message { audience, .. }, Retention::Board(key)) => {
                (audience, key, MEMBERSHIP_LIFETIME)
            }
            _ => return Ok(BoardChange::Nothing),
        };
        let at_most = self.clock.now().plus(lifetime);
        let record = content_text(&notification.content);
        // The note that a value was taken down must outlive every message that may bring the value
        // again.
        let end =
            notification.expires_at.filter(|_| record.is_some()).unwrap_or(Timestamp::FOREVER);
        let (key, position) = (key.clone(), case.position());
        let value = RetainedValue { key, position, record, expires: at_most.min(end) };
        self.write_value(&Board::of(&notification.hub, audience), &value).await
    }

    async fn write_value(
        &self,
        boards: &[Board],
        value: &RetainedValue,
    ) -> Result<BoardChange, StoreError> {
        if value.record.is_some() && self.is_full(boards, value).await? {
            return Ok(BoardChange::Refused(too_many(value.key.as_str())));
        }
        if let Some(first) = boards.first().filter(|_| value.record.is_some()) {
            // All boards of an audience are of one kind.
            self.store.note_use(first.hub(), first.kind()).await?;
        }
        let mut writes = Vec::with_capacity(boards.len());
        for board in boards {
            writes.push(self.store.put_retained(board, value));
        }
        let writes = stream::iter(writes).buffer_unordered(BOARDS_AT_ONCE);
        writes.try_collect::<()>().await?;
        Ok(BoardChange::Written)
    }

    /// Whether a board has so many keys that it takes no other. Values that come at the same time
    /// may bring a board a little above the limit.
    async fn is_full(&self, boards: &[Board], value: &RetainedValue) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut reads = Vec::with_capacity(boards.len());
        for board in boards {
            reads.push(self.store.retained(board, now));
        }
        let reads = stream::iter(reads).buffer_unordered(BOARDS_AT_ONCE);
        let boards: Vec<Vec<RetainedValue>> = reads.try_collect().await?;
        let others = |values: &Vec<RetainedValue>| {
            values.iter().filter(|hanging| hanging.key != value.key).count() >= KEYS_MAX
        };
        Ok(boards.iter().any(others))
    }

    /// The values that hang in groups; `None` when the hub never used boards of groups.
    pub(crate) async fn replay_of(
        &self,
        hub: &HubName,
        groups: &[GroupName],
    ) -> Result<Option<Replay>, StoreError> {
        let boards = Board::of(hub, &Audience::Groups(groups.to_vec()));
        let kind = boards.first().map(Board::kind);
        let uses = self.store.uses(hub, Consistency::Strong).await?;
        Ok(kind.filter(|kind| uses.contains(kind)).map(|_| Replay::new(boards, &uses)))
    }

    /// The records of a replay that are to be posted now.
    pub(crate) async fn next(&self, replay: &mut Replay) -> Result<Vec<String>, StoreError> {
        replay.next(self.store, self.clock.now()).await
    }

    /// A round of the values that have changed since they were shown, for the sockets that took
    /// everything so far.
    pub(crate) async fn changes(
        &self,
        showings: &[Showing],
        ledger: &Ledger,
    ) -> Result<Round, StoreError> {
        let mut round = Round::default();
        for showing in showings {
            let mut showing = showing.clone();
            showing.targets.retain(|target| !ledger.is_stopped(&target.socket));
            let records = self.next(&mut showing.replay).await?;
            if !records.is_empty() && !showing.targets.is_empty() {
                round.show(showing, records);
            }
        }
        Ok(round)
    }
}
