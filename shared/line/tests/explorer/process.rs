//! The functions that work on a line, each as a list of steps.

use hubcast_line::{LineFrame, TurnId};
use hubcast_model::id::SocketId;

/// One run of a function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    /// Its number; that of its record when it is a publisher.
    pub(crate) number: u64,
    /// How often it was started. A message comes again when its publisher dies.
    pub(crate) runs: u64,
    /// Whether it works on a frame of the client.
    pub(crate) is_of_frame: bool,
    /// What comes next.
    pub(crate) next: Next,
}

/// A frame on its way to a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Post {
    pub(crate) socket: SocketId,
    pub(crate) body: String,
    pub(crate) through: u64,
}

impl Post {
    pub(crate) fn new(socket: &SocketId, frame: LineFrame) -> Self {
        Self { socket: socket.clone(), body: frame.body, through: frame.through }
    }
}

/// The next step of a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    /// A publisher appends its record.
    Append,
    /// The holder of the turn posts.
    Post(Post),
    /// The holder posts the same once more, since no answer came.
    PostAgain(Post),
    /// The post was answered.
    Settle(Post),
    /// The socket is gone.
    Lose(SocketId),
    /// The socket is cut, and in doubt noted as gone then.
    Cut { socket: SocketId, is_in_doubt: bool },
    /// Another posts the records up to this number.
    Wait(u64),
    /// The client reads the answer to its handshake.
    Answer,
    /// The handshake is through.
    Through,
    /// A frame of the client that asks for nothing.
    Speak(SocketId),
    /// What waits is posted, if nobody posts.
    PostWaiting,
    /// A client wants to come back on this socket.
    Resume(SocketId),
    /// The same, and the old socket proved to be gone.
    Replace { old: SocketId, socket: SocketId },
    /// The client's Sequence.
    GoOn(SocketId),
    /// Somebody logs out: the line ends.
    End,
    /// The client of the line is told to go.
    Dismiss,
    /// The same, and the line has ended.
    DismissFrom(SocketId),
    /// Nothing.
    Nothing,
}

impl Process {
    pub(crate) fn new(number: u64, next: Next) -> Self {
        Self { number, runs: 0, is_of_frame: false, next }
    }

    /// A function that works on a frame of the client.
    pub(crate) fn of_frame(number: u64, next: Next) -> Self {
        Self { is_of_frame: true, ..Self::new(number, next) }
    }

    pub(crate) fn publisher(number: u64) -> Self {
        Self::new(number, Next::Append)
    }

    /// Every run has a turn of its own.
    pub(crate) fn turn(&self) -> TurnId {
        TurnId(self.number * 100 + self.runs)
    }

    pub(crate) fn record(&self) -> String {
        format!("m{}\u{1e}", self.number)
    }

    pub(crate) fn is_publisher(&self) -> bool {
        self.number < 50
    }

    /// Whether it may hold a turn now.
    pub(crate) fn holds(&self, turn: TurnId) -> bool {
        let posts = matches!(
            self.next,
            Next::Post(_)
                | Next::PostAgain(_)
                | Next::Settle(_)
                | Next::Lose(_)
                | Next::Cut { is_in_doubt: true, .. }
        );
        self.turn() == turn && posts
    }
}
