//! Dead letters: what cannot be delivered, with the reason.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Publisher;
use super::batch::{Item, Message, State, Work};
use hubcast_model::envelope::RejectReason;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, DeadLetter,
    GrantStore, InboxStore, MembershipStore, NotificationQueue, PendingStore, Progress,
    ProgressStore, SessionStore, ShardStore, SocketStore, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// How long progress is kept: as long as a dead-letter queue keeps messages at the most.
pub(super) const PROGRESS_LIFETIME: Duration = Duration::from_hours(14 * 24);
/// So many tries in a row that bring a unit no further are enough.
const FRUITLESS_MAX: u32 = 5;

/// Why a unit that could not be finished is given up.
pub(super) fn given_up(
    progress: &Progress,
    age: Duration,
    age_max: Duration,
) -> Option<RejectReason> {
    if progress.fruitless >= FRUITLESS_MAX {
        return Some(RejectReason::NoProgress);
    }
    (age > age_max).then_some(RejectReason::TooOld)
}

pub(super) fn detail_of(reason: RejectReason, progress: &Progress) -> String {
    let left = progress.left.len();
    match reason {
        RejectReason::TooOld => format!(
            "it could not be delivered in time; {left} sockets found so far did not get it; redrive it to go on"
        ),
        _ => format!(
            "{FRUITLESS_MAX} tries in a row brought it no further; {left} sockets did not get it; redrive it to go on"
        ),
    }
}

impl<S, G, Q, C, U> Publisher<S, G, Q, C, U>
where
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
    U: UpstreamQueue,
{
    /// Moves the bad elements of a message; answers how many, or none when the move failed.
    pub(super) async fn reject(&self, message: &mut Message) -> usize {
        let Some(letter) = letter_of_bad(message) else {
            return 0;
        };
        if !self.send_letter(&letter).await {
            message.held = true;
            return 0;
        }
        let bad = message.items.iter_mut().filter(|item| matches!(item.work, Work::Reject(_)));
        bad.map(|item| item.state = State::Begun).count()
    }

    /// Moves an element that is given up, so that a redrive goes on where it stands.
    pub(super) async fn give_up(
        &self,
        (group, item): (&str, &Item),
        progress: Progress,
        reason: RejectReason,
    ) -> bool {
        let letter = DeadLetter {
            body: item.json.clone().unwrap_or_default(),
            reason: reason.as_str(),
            detail: detail_of(reason, &progress),
            progress_key: item.key.clone(),
            group: group.to_owned(),
        };
        // What was never begun has no progress: a row that says so would read as finished.
        if progress.is_finished() {
            return self.send_letter(&letter).await;
        }
        // The letter holds one element, which is looked up as the first of its message.
        let row = BTreeMap::from([(format!("{}/0", item.key), progress)]);
        self.keep_progress(&row).await && self.send_letter(&letter).await
    }

    /// Writes progress; false when it could not be written.
    pub(super) async fn keep_progress(&self, rows: &BTreeMap<String, Progress>) -> bool {
        let expires = self.clock.now().plus(PROGRESS_LIFETIME);
        let kept = self.store.put_progress(rows, expires).await;
        if let Err(err) = &kept {
            tracing::error!(error = %chain(err), "progress is lost; duplicates may follow");
        }
        kept.is_ok()
    }

    pub(super) async fn send_letter(&self, letter: &DeadLetter) -> bool {
        let (reason, detail) = (letter.reason, &letter.detail);
        match self.queue.dead_letter(letter).await {
            Ok(()) => {
                tracing::warn!(reason, detail, progress.key = letter.progress_key, "rejected");
                true
            }
            Err(err) => {
                tracing::error!(error = %chain(&err), reason, "a message could not be moved");
                false
            }
        }
    }
}

/// The dead letter of a message's bad elements: only those, with the first one's reason.
fn letter_of_bad(message: &Message) -> Option<DeadLetter> {
    let bad: Vec<_> = message
        .items
        .iter()
        .filter_map(|item| match &item.work {
            Work::Reject(rejection) => Some((item, rejection)),
            _ => None,
        })
        .collect();
    let (first, rejection) = bad.first()?;
    let bodies: Vec<&str> = bad.iter().filter_map(|(item, _)| item.json.as_deref()).collect();
    let body = match bodies.as_slice() {
        [] => message.queued.body.clone(),
        [body] => (*body).to_owned(),
        several => format!("[{}]", several.join(",")),
    };
    Some(DeadLetter {
        body,
        reason: rejection.reason.as_str(),
        detail: rejection.detail.clone(),
        // Its elements are counted anew, so they must not meet the progress of the others.
        progress_key: format!("{}/rejected", first.key),
        group: message.queued.group.clone(),
    })
}
