//! What became of the sockets of one round.

use hubcast_model::id::SocketId;

/// Why a socket did not get everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The socket does not exist any more.
    Gone,
    /// The socket is not on record. Whoever removed its record tells the client, and ends it.
    OffRecord,
    /// The socket was tried, and may be tried again later.
    Failed,
    /// There was no time left to try the socket.
    Untried,
    /// The socket's client does not have the answer to its handshake yet.
    Joining,
    /// The socket kept failing while others did not, and was sent to connect anew.
    Stalled,
}

impl Stop {
    /// Whether the queue has to bring the rest again.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Failed | Self::Untried | Self::Joining)
    }
}

/// How one frame ended, after all its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The socket took the frame.
    Delivered,
    /// The frame is too large for a socket, or this socket is not ours to post to.
    Refused,
    /// The gateway says that we may not post. The poster judges that after the round.
    Forbidden,
    /// The frame was not delivered, for the reason that the socket's stop tells.
    Left,
}

/// What became of one frame.
#[derive(Debug)]
pub(crate) struct FrameOutcome {
    /// The numbers of the parcels in the frame.
    pub(crate) parcels: Vec<usize>,
    /// How the frame ended.
    pub(crate) fate: Fate,
    /// How many attempts the gateway throttled.
    pub(crate) throttled: usize,
    /// How many attempts got no clear answer.
    pub(crate) ambiguous: usize,
}

impl FrameOutcome {
    /// A frame that was not tried.
    pub(crate) const fn left(parcels: Vec<usize>) -> Self {
        Self { parcels, fate: Fate::Left, throttled: 0, ambiguous: 0 }
    }
}

/// What became of one socket's list.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The socket.
    pub(crate) socket: SocketId,
    /// What became of the socket's frames, in order.
    pub(crate) frames: Vec<FrameOutcome>,
    /// Why the socket did not get everything; `None` when nothing stopped the posts.
    pub(crate) stop: Option<Stop>,
}

impl Outcome {
    /// The numbers of the parcels with this fate.
    pub(crate) fn parcels(&self, fate: Fate) -> impl Iterator<Item = usize> + '_ {
        let frames = self.frames.iter().filter(move |frame| frame.fate == fate);
        frames.flat_map(|frame| frame.parcels.iter().copied())
    }

    /// Whether the socket took a frame.
    pub(crate) fn has_taken(&self) -> bool {
        self.frames.iter().any(|frame| frame.fate == Fate::Delivered)
    }

    /// Whether the queue has to bring the rest again.
    pub(crate) fn is_open(&self) -> bool {
        self.stop.is_some_and(Stop::is_open)
    }
}

/// How many of so many sockets are few: one, or up to a tenth.
pub(crate) fn few_of(sockets: usize) -> usize {
    (sockets / 10).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_socket_is_always_few() {
        assert_eq!([0, 1, 9, 10, 25, 1000].map(few_of), [1, 1, 1, 1, 2, 100]);
    }
}
