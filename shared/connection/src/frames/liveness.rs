//! Whether a socket still hears anything: pings, and the state on record.

use std::sync::Arc;
use std::time::Duration;

use hubcast_model::context::Caller;
use hubcast_model::ports::{Consistency, SocketStore, StoreError};
use hubcast_model::report::chain as report;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Clock;
use signalr_protocol::message::PING;

use super::farewell::Stage;
use super::step::{Answer, End, Step, unavailable};

/// Each ping of a socket younger than this looks whether the socket is on record. Two of the
/// default keep-alive intervals of 15 s lie in this time.
const YOUNG: Duration = Duration::from_secs(45);
/// The first frame of an older socket looks, in each instance, whether the socket shook hands, until
/// the socket is this old. API Gateway ends a socket that sends nothing for ten minutes. So no
/// socket without a handshake becomes older.
const UNPROVEN: Duration = Duration::from_mins(11);
/// Of the later pings, one in so many looks.
const LOOK_ONE_IN: u64 = 16;
/// How often the record of a socket that becomes ready is read: for five seconds in all, since
/// its rows take long when many clients come back at once.
const LOOKS: u32 = 15;
/// The pause after the first look; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// The same as [`LOOKS`] for a socket whose handshake has not even begun. Its client should have
/// waited for the handshake's answer, and each look holds an instance.
const LOOKS_BEFORE_HANDSHAKE: u32 = 4;

/// A client asks whether its connection lives.
#[derive(Debug)]
pub(super) struct Ping;

/// How far a socket is.
#[derive(Debug)]
pub(super) enum Readiness {
    /// All its rows are written. This is its record.
    Ready(Socket),
    /// Its client has not shaken hands.
    Connecting,
    /// Its handshake was taken on, and it does not become ready.
    Joining,
    /// It is not on record, or was told to go.
    Unknown,
}

impl Readiness {
    /// The record of a socket that is ready, or the end of another one.
    fn socket(self) -> Result<Socket, End> {
        match self {
            Self::Ready(socket) => Ok(socket),
            Self::Connecting => Err(End::Broken("The handshake comes first.".to_owned())),
            Self::Joining => Err(End::Drop),
            Self::Unknown => Err(End::Unknown),
        }
    }
}

/// Looks at the records of sockets.
#[derive(Debug)]
pub(super) struct Liveness<S, C> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
}

impl<S: SocketStore, C: Clock> Answer<Ping> for Liveness<S, C> {
    /// Answers a ping. A socket that is not on record would stay connected and deaf, so its client
    /// is told to connect anew.
    async fn answer(&self, caller: &Caller, _: Ping) -> Step {
        if !self.looks(caller) {
            return Step::Reply(PING.to_owned());
        }
        match self.readiness(caller).await {
            // A backend may have moved the end of the session forward.
            Ok(Readiness::Ready(socket)) if !socket.is_in_session(self.clock.now()) => {
                Step::End(End::over())
            }
            Ok(Readiness::Ready(_)) => Step::Reply(PING.to_owned()),
            Ok(Readiness::Connecting | Readiness::Joining) => Step::End(End::Drop),
            Ok(Readiness::Unknown) => Step::End(End::Unknown),
            Err(err) => unavailable(&err),
        }
    }
}

impl<S: SocketStore, C: Clock> Liveness<S, C> {
    /// Whether a ping at this moment looks at the record.
    fn looks(&self, caller: &Caller) -> bool {
        let now = self.clock.now();
        // The time of arrival spreads the looks of one socket as well as those of many.
        self.is_young(caller)
            || (caller.socket.spread() ^ now.as_millis()).is_multiple_of(LOOK_ONE_IN)
    }

    pub(super) fn is_young(&self, caller: &Caller) -> bool {
        self.clock.now().since(caller.connected_at) < YOUNG
    }

    /// Whether the socket is older than a handshake takes, and may have sent nothing so far.
    pub(super) fn is_late(&self, caller: &Caller) -> bool {
        (YOUNG..UNPROVEN).contains(&self.clock.now().since(caller.connected_at))
    }

    /// Whether the client may be given a sign of life: its socket is ready. The end of a socket that
    /// is not known, or is late and has not begun its handshake.
    pub(super) async fn is_through(&self, caller: &Caller) -> Result<bool, End> {
        match self.readiness(caller).await {
            Ok(Readiness::Ready(_)) => Ok(true),
            Ok(Readiness::Connecting) if self.is_late(caller) => Err(End::Drop),
            // The answer to the handshake will be the sign.
            Ok(Readiness::Connecting | Readiness::Joining) => Ok(false),
            Ok(Readiness::Unknown) => Err(End::Unknown),
            Err(err) => {
                tracing::warn!(error = %report(&err), socket_id = %caller.socket, "no sign of life");
                Ok(false)
            }
        }
    }

    /// The record of the caller's socket, once the socket is ready; or the end of a socket that is
    /// not, or whose session is over.
    pub(super) async fn ready(&self, caller: &Caller) -> Result<Socket, End> {
        let unavailable = |err| End::unavailable(&err);
        let socket = self.readiness(caller).await.map_err(unavailable)?.socket()?;
        let now = self.clock.now();
        if socket.is_in_session(now) {
            return Ok(socket);
        }
        // A fresh token may just have moved the end.
        let socket = self.store.socket(&caller.socket, Consistency::Strong).await;
        let socket = socket.map_err(unavailable)?.filter(|socket| socket.is_in_session(now));
        socket.filter(|socket| socket.state == SocketState::Ready).ok_or_else(End::over)
    }

    /// How far the caller's socket is, once that is certain.
    ///
    /// Newer clients ping as soon as they read the handshake's answer, while the inbox is still
    /// being emptied. So a socket that is on its way is looked at again, for a moment.
    async fn readiness(&self, caller: &Caller) -> Result<Readiness, StoreError> {
        let mut consistency = Consistency::Eventual;
        let mut pause = FIRST_PAUSE;
        for look in 1.. {
            let socket = self.store.socket(&caller.socket, consistency).await?;
            if let Some(readiness) = judge(socket, consistency, look) {
                return Ok(readiness);
            }
            tokio::time::sleep(pause).await;
            consistency = Consistency::Strong;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        Ok(Readiness::Unknown)
    }

    /// How far the client is with its handshake, for an end; a handshake that is under way is waited
    /// for. When the table does not say, the end and the age of the socket do.
    pub(super) async fn stage(&self, caller: &Caller, end: &End) -> Stage {
        self.look_how_far(caller).await.unwrap_or_else(|err| {
            tracing::warn!(error = %report(&err), socket_id = %caller.socket, "how far a handshake is, is not known");
            match end {
                // This frame is the handshake.
                End::Refuse(_) => Stage::Before,
                _ if self.is_young(caller) => Stage::Between,
                _ => Stage::Through,
            }
        })
    }

    async fn look_how_far(&self, caller: &Caller) -> Result<Stage, StoreError> {
        let socket = self.store.socket(&caller.socket, Consistency::Strong).await?;
        match socket.map(|socket| socket.state) {
            Some(SocketState::Connecting) => Ok(Stage::Before),
            Some(SocketState::Joining) => match self.readiness(caller).await? {
                Readiness::Joining => Ok(Stage::Between),
                _ => Ok(Stage::Through),
            },
            Some(SocketState::Ready | SocketState::Closed) | None => Ok(Stage::Through),
        }
    }
}

/// What the look with this number says; `None` when another look is needed.
fn judge(socket: Option<Socket>, consistency: Consistency, look: u32) -> Option<Readiness> {
    let Some(socket) = socket else {
        return (consistency == Consistency::Strong).then_some(Readiness::Unknown);
    };
    match socket.state {
        SocketState::Ready => Some(Readiness::Ready(socket)),
        SocketState::Closed => Some(Readiness::Unknown),
        SocketState::Connecting => {
            (look >= LOOKS_BEFORE_HANDSHAKE).then_some(Readiness::Connecting)
        }
        SocketState::Joining => (look >= LOOKS).then_some(Readiness::Joining),
    }
}
