//! The sockets, as lists of what reached them. One that was deleted is gone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::time::Timestamp;
use tokio::time::Instant;

use crate::fault::{Fault, Faults};
use crate::journal::{Journal, lock};

/// How a post is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200: the frame arrives.
    Accepted,
    /// 200, after this long.
    Late(Duration),
    /// 410.
    Gone,
    /// 413.
    TooLarge,
    /// 403.
    Refused,
    /// 429.
    Throttled,
    /// No connection.
    Unreached,
    /// No answer, though the frame arrived.
    Lost,
    /// No answer, and the frame did not arrive.
    Failed,
    /// No answer, and the frame is on its way until [`RecordingGateway::arrive_strays`].
    Stray,
}

/// A frame that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Where.
    pub socket: SocketId,
    /// What.
    pub frame: String,
    /// When, by tokio's clock.
    pub at: Instant,
}

/// Sockets that remember what reached them; clones are the same sockets.
#[derive(Debug, Clone, Default)]
pub struct RecordingGateway {
    faults: Faults,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    always: BTreeMap<SocketId, Answer>,
    next_of: BTreeMap<SocketId, VecDeque<Answer>>,
    next: VecDeque<Answer>,
    attempts: Vec<SocketId>,
    arrivals: Vec<Arrival>,
    strays: Vec<(SocketId, String)>,
    deletes: Vec<(SocketId, Instant)>,
    active: BTreeMap<SocketId, Timestamp>,
    under_way: BTreeMap<SocketId, usize>,
    most_under_way: usize,
    most_per_socket: usize,
}

impl RecordingGateway {
    /// A gateway that writes into this journal.
    pub fn with_journal(journal: Journal) -> Self {
        Self { faults: Faults::new(journal), state: Arc::default() }
    }

    /// Answers the next posts, whatever their socket, before any other rule.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.state).next.extend(answers);
    }

    /// Answers the next posts to one socket.
    pub fn answer_for(&self, socket: &SocketId, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.state).next_of.entry(socket.clone()).or_default().extend(answers);
    }

    /// Answers all other posts to one socket.
    pub fn always(&self, socket: &SocketId, answer: Answer) {
        lock(&self.state).always.insert(socket.clone(), answer);
    }

    /// Forgets what the next posts to one socket were to be answered.
    pub fn forget_answers(&self, socket: &SocketId) {
        lock(&self.state).next_of.remove(socket);
    }

    /// Whether posts to a socket are answered as to one that is gone.
    pub fn is_gone(&self, socket: &SocketId) -> bool {
        lock(&self.state).always.get(socket) == Some(&Answer::Gone)
    }

    /// Has `post` or `delete` go wrong until [`Self::heal`].
    pub fn fault(&self, operation: &'static str, fault: Fault) {
        self.faults.always(operation, fault);
    }

    /// Has the next tries of an operation go wrong, or not, before any other rule.
    pub fn fault_next(
        &self,
        operation: &'static str,
        faults: impl IntoIterator<Item = Option<Fault>>,
    ) {
        self.faults.next(operation, faults);
    }

    /// Lets `step` happen before the next `post` or `delete` that has none yet.
    pub fn before(&self, operation: &'static str, step: impl Future<Output = ()> + Send + 'static) {
        self.faults.before(operation, Box::pin(step));
    }

    /// Ends all faults and takes all answers back.
    pub fn heal(&self) {
        self.faults.heal();
        let mut state = lock(&self.state);
        state.always.clear();
        state.next_of.clear();
        state.next.clear();
    }

    /// The gateway heard of a socket at this time, and not since.
    pub fn note_active(&self, socket: &SocketId, at: Timestamp) {
        lock(&self.state).active.insert(socket.clone(), at);
    }

    /// Lets the frames arrive that are on their way, at sockets that are still there.
    pub fn arrive_strays(&self) {
        let mut state = lock(&self.state);
        for (socket, frame) in std::mem::take(&mut state.strays) {
            let is_deleted = state.deletes.iter().any(|(deleted, _)| *deleted == socket);
            if !is_deleted && state.always.get(&socket) != Some(&Answer::Gone) {
                state.arrivals.push(Arrival { socket, frame, at: Instant::now() });
            }
        }
    }

    /// Every frame that arrived, in order.
    pub fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.state).arrivals.clone()
    }

    /// The frames that arrived at one socket, in order.
    pub fn frames(&self, socket: &SocketId) -> Vec<String> {
        let arrivals = self.arrivals().into_iter();
        arrivals.filter(|arrival| arrival.socket == *socket).map(|arrival| arrival.frame).collect()
    }

    /// How often a post to a socket was tried.
    pub fn attempts(&self, socket: &SocketId) -> usize {
        lock(&self.state).attempts.iter().filter(|tried| *tried == socket).count()
    }

    /// The sockets that were deleted, in order, and when by tokio's clock.
    pub fn deletes(&self) -> Vec<(SocketId, Instant)> {
        lock(&self.state).deletes.clone()
    }

    /// Whether a socket was deleted.
    pub fn is_deleted(&self, socket: &SocketId) -> bool {
        lock(&self.state).deletes.iter().any(|(deleted, _)| deleted == socket)
    }

    /// The most posts that were under way at once: to all sockets, and to one.
    pub fn most_under_way(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.most_under_way, state.most_per_socket)
    }

    fn begin(&self, socket: &SocketId) -> Answer {
        let mut state = lock(&self.state);
        state.attempts.push(socket.clone());
        let of_socket = state.under_way.entry(socket.clone()).or_default();
        *of_socket += 1;
        let of_socket = *of_socket;
        state.most_per_socket = state.most_per_socket.max(of_socket);
        state.most_under_way = state.most_under_way.max(state.under_way.values().sum());
        let next = state.next.pop_front();
        let next = next.or_else(|| state.next_of.get_mut(socket).and_then(VecDeque::pop_front));
        let next = next.or_else(|| state.always.get(socket).copied());
        let is_deleted = state.deletes.iter().any(|(deleted, _)| deleted == socket);
        next.unwrap_or(if is_deleted { Answer::Gone } else { Answer::Accepted })
    }

    fn end(&self, socket: &SocketId, frame: &Bytes, arrives: bool, is_stray: bool) {
        let mut state = lock(&self.state);
        if let Some(under_way) = state.under_way.get_mut(socket) {
            *under_way -= 1;
        }
        let frame = String::from_utf8_lossy(frame).into_owned();
        if is_stray {
            state.strays.push((socket.clone(), frame));
        } else if arrives {
            state.arrivals.push(Arrival { socket: socket.clone(), frame, at: Instant::now() });
        }
    }
}

impl ConnectionGateway for RecordingGateway {
    async fn post(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        let answer = self.begin(socket);
        let failed = self.faults.meet("post").await;
        if let Answer::Late(pause) = answer {
            tokio::time::sleep(pause).await;
        }
        let outcome = if failed { Err(unknown()) } else { outcome(answer) };
        let arrives = outcome.is_ok() || answer == Answer::Lost;
        self.end(socket, &frame, arrives, answer == Answer::Stray);
        outcome
    }

    async fn is_connected(&self, socket: &SocketId) -> Result<bool, PostError> {
        if self.faults.meet("is_connected").await {
            return Err(unknown());
        }
        let answer = lock(&self.state).always.get(socket).copied();
        match outcome(answer.unwrap_or(Answer::Accepted)) {
            Ok(()) => Ok(!self.is_deleted(socket)),
            Err(PostError::Gone) => Ok(false),
            Err(err) => Err(err),
        }
    }

    async fn last_active(&self, socket: &SocketId) -> Result<Option<Timestamp>, PostError> {
        let is_connected = self.is_connected(socket).await?;
        let known = lock(&self.state).active.get(socket).copied();
        Ok(is_connected.then(|| known.unwrap_or(Timestamp::FOREVER)))
    }

    async fn delete(&self, socket: &SocketId) -> Result<(), PostError> {
        let failed = self.faults.meet("delete").await;
        lock(&self.state).deletes.push((socket.clone(), Instant::now()));
        if failed { Err(unknown()) } else { Ok(()) }
    }
}

fn unknown() -> PostError {
    PostError::Ambiguous("told to fail".into())
}

fn outcome(answer: Answer) -> Result<(), PostError> {
    Err(match answer {
        Answer::Accepted | Answer::Late(_) => return Ok(()),
        Answer::Gone => PostError::Gone,
        Answer::TooLarge => PostError::TooLarge,
        Answer::Refused => PostError::Refused("told to refuse".into()),
        Answer::Throttled => PostError::Throttled,
        Answer::Unreached => PostError::Unreached("told to be away".into()),
        Answer::Lost | Answer::Failed | Answer::Stray => unknown(),
    })
}
