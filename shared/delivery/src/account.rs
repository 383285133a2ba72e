//! The account of one element: what was done about it, and what its posts did.

use hubcast_model::envelope::Rejection;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Progress, Rest};

/// A line of an account: one step of an element's way. Lines are added and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The element cannot be delivered, for this reason.
    Rejected(Rejection),
    /// The element was too old to be worth delivering.
    Expired,
    /// An earlier invocation finished the element.
    Finished,
    /// The element was taken up from its start. Nothing but posts remains of it.
    Begun,
    /// The element was taken up for the sockets that an earlier invocation left.
    Resumed,
    /// Jobs carry the element out, and all of them are enqueued.
    HandedOn {
        /// How many jobs.
        jobs: usize,
    },
    /// The message waits for its user.
    Kept {
        /// How many older messages made room for it.
        dropped: usize,
    },
    /// A port failed, so that the element has to be done again.
    Failed,
    /// A rejected element is in the dead-letter queue.
    Moved,
    /// The element could not be finished, for this reason, and is in the dead-letter queue for a
    /// redrive.
    GivenUp(Rejection),
}

/// What posts did for one element, over all rounds.
#[derive(Debug)]
pub(crate) struct Deliveries {
    /// How many records of the element sockets took.
    pub(crate) reached: usize,
    /// How many records were meant for sockets that are gone.
    pub(crate) gone: usize,
    /// How many records were meant for sockets that were sent to connect anew.
    pub(crate) stalled: usize,
    /// How many records the gateway refused for good.
    pub(crate) refused: usize,
    /// How many attempts with records of the element got no clear answer.
    pub(crate) ambiguous: usize,
    /// How many records wait for sockets whose clients have no answer to their handshake yet.
    pub(crate) joining: usize,
    /// The sockets that still have to get the element, in the order in which they failed. A socket
    /// may stand here twice.
    pub(crate) left: Vec<SocketId>,
    /// In how many rounds a socket was tried in vain.
    pub(crate) vain_rounds: u32,
}

impl Deliveries {
    /// Nothing was posted.
    pub(crate) const fn none() -> Self {
        let (reached, gone, stalled, refused, ambiguous, joining) = (0, 0, 0, 0, 0, 0);
        Self {
            reached,
            gone,
            stalled,
            refused,
            ambiguous,
            joining,
            left: Vec::new(),
            vain_rounds: 0,
        }
    }

    /// How many records nobody will ever get.
    pub(crate) const fn lost(&self) -> usize {
        self.gone + self.stalled + self.refused
    }

    /// Whether the posts brought the element further.
    pub(crate) const fn is_fruitful(&self) -> bool {
        self.reached > 0 || self.lost() > 0
    }

    /// Whether the element was posted, and nobody will have got it.
    pub(crate) const fn is_lost(&self) -> bool {
        self.lost() > 0 && self.reached == 0 && self.left.is_empty()
    }
}

/// The account of one element.
#[derive(Debug)]
pub(crate) struct Account {
    /// The lines, in order.
    entries: Vec<Entry>,
    /// What the posts did.
    pub(crate) deliveries: Deliveries,
}

impl Account {
    /// An account without a line.
    pub(crate) const fn blank() -> Self {
        Self { entries: Vec::new(), deliveries: Deliveries::none() }
    }

    /// Adds a line.
    pub(crate) fn append(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The newest line; `None` while nothing was done.
    pub(crate) fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// Why the element cannot be delivered, if it cannot.
    pub(crate) fn rejection(&self) -> Option<&Rejection> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Rejected(rejection) => Some(rejection),
            _ => None,
        })
    }

    /// Whether a port ever failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.entries.contains(&Entry::Failed)
    }

    /// Whether the element is posted, and no other fate was found for it.
    pub(crate) fn is_posted(&self) -> bool {
        matches!(self.last(), Some(Entry::Begun | Entry::Resumed))
    }

    /// Whether the element goes to sockets that an earlier invocation left.
    pub(crate) fn is_resumed(&self) -> bool {
        let mut entries = self.entries.iter().rev();
        entries.find(|entry| !matches!(entry, Entry::GivenUp(_))) == Some(&Entry::Resumed)
    }

    /// How far the element is, when earlier invocations came as far as `before`.
    pub(crate) fn progress(&self, before: &Progress) -> Progress {
        match self.last() {
            None | Some(Entry::Rejected(_) | Entry::Failed) => before.clone(),
            Some(Entry::GivenUp(_)) => Progress::default(),
            Some(_) => self.posted(before),
        }
    }

    /// How far the element is by its posts, also when it is given up.
    pub(crate) fn posted(&self, before: &Progress) -> Progress {
        let deliveries = &self.deliveries;
        let is_vain = deliveries.vain_rounds > 0 && !deliveries.is_fruitful();
        let mut left = deliveries.left.clone();
        left.sort_unstable();
        left.dedup();
        Progress {
            left,
            rest: Rest::Nothing,
            reached: before.reached + deliveries.reached,
            fruitless: if is_vain { before.fruitless + deliveries.vain_rounds } else { 0 },
        }
    }

    /// Whether the queue has to bring the element again, when its progress is this.
    pub(crate) fn is_unfinished(&self, progress: &Progress) -> bool {
        let has_failed = self.last() == Some(&Entry::Failed);
        has_failed || (self.is_posted() && !progress.is_finished())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubcast_model::envelope::RejectReason;

    fn socket(id: &str) -> SocketId {
        SocketId::parse(id).unwrap()
    }

    fn account(entries: impl IntoIterator<Item = Entry>) -> Account {
        let mut account = Account::blank();
        entries.into_iter().for_each(|entry| account.append(entry));
        account
    }

    fn before() -> Progress {
        let left = vec![socket("s9")];
        Progress { left, rest: Rest::Nothing, reached: 3, fruitless: 2 }
    }

    #[test]
    fn an_element_that_was_not_taken_up_stands_where_it_stood() {
        let rejection = Rejection::new(RejectReason::NotJson, "x");
        for entries in [vec![], vec![Entry::Rejected(rejection)], vec![Entry::Failed]] {
            assert_eq!(account(entries).progress(&before()), before());
        }
    }

    #[test]
    fn what_is_left_of_an_element_is_what_its_posts_left() {
        let mut account = account([Entry::Resumed]);
        account.deliveries.left = vec![socket("s2"), socket("s1"), socket("s2")];
        account.deliveries.reached = 4;
        let progress = account.progress(&before());
        assert_eq!(progress.left, [socket("s1"), socket("s2")]);
        assert_eq!((progress.reached, progress.fruitless), (7, 0));
        assert!(account.is_unfinished(&progress));
    }

    #[test]
    fn a_try_in_vain_counts_until_one_is_not() {
        let mut account = account([Entry::Resumed]);
        account.deliveries.left = vec![socket("s1")];
        account.deliveries.vain_rounds = 1;
        assert_eq!(account.progress(&before()).fruitless, 3);
        account.deliveries.gone = 1;
        assert_eq!(account.progress(&before()).fruitless, 0);
    }

    #[test]
    fn an_element_that_is_given_up_is_finished_and_was_resumed() {
        let account =
            account([Entry::Resumed, Entry::GivenUp(Rejection::new(RejectReason::TooOld, "x"))]);
        assert!(account.progress(&before()).is_finished());
        assert!(account.is_resumed());
        assert!(!account.is_posted());
    }
}
