//! What became of the sockets of one round of posts.

use super::plan::{ItemRef, Plan};
use hubcast_model::id::SocketId;

/// Why a socket did not get everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It does not exist any more.
    Gone,
    /// It was tried, and may be tried again later.
    Failed,
    /// There was no time left to try it.
    Untried,
    /// It kept failing while others did not, and was sent to connect anew.
    Stalled,
}

/// What became of one socket's list.
#[derive(Debug)]
pub(super) struct SocketOutcome {
    pub(super) socket: SocketId,
    /// The parcels that were posted.
    pub(super) delivered: Vec<usize>,
    /// The parcels that are too large for a socket, or that we may not post.
    pub(super) refused: Vec<usize>,
    /// The parcels that were refused because we may not post at all, as it seems.
    pub(super) forbidden: Vec<usize>,
    /// The parcels that were not posted, because of `stop`.
    pub(super) left: Vec<usize>,
    pub(super) stop: Option<Stop>,
    /// How many posts succeeded.
    pub(super) posts: usize,
    /// How often the gateway throttled, and how often it left the outcome open.
    pub(super) throttled: usize,
    pub(super) ambiguous: usize,
}

impl SocketOutcome {
    pub(super) fn new(socket: SocketId) -> Self {
        let (delivered, refused) = (Vec::new(), Vec::new());
        let (forbidden, left) = (Vec::new(), Vec::new());
        let (posts, throttled, ambiguous) = (0, 0, 0);
        Self {
            socket,
            delivered,
            refused,
            forbidden,
            left,
            stop: None,
            posts,
            throttled,
            ambiguous,
        }
    }

    /// Whether the queue has to bring the rest again.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.stop, Some(Stop::Failed | Stop::Untried))
    }

    /// The elements whose parcels are among `parcels`.
    pub(super) fn items<'a>(
        plan: &'a Plan,
        parcels: &'a [usize],
    ) -> impl Iterator<Item = ItemRef> + 'a {
        parcels.iter().filter_map(|at| plan.parcels.get(*at)).map(|parcel| parcel.item)
    }
}
