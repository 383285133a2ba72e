//! Pings, and whether their socket still hears anything.

use std::time::Duration;

use signalr_protocol::message::PING;

use super::{End, Frames, Step, unavailable};
use hubcast_model::context::Caller;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    GrantStore, InboxStore, MembershipStore, PendingStore, ResultStore, SessionStore, ShardStore,
    SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Clock;

/// Pings of sockets younger than this look whether the socket is on record. Two of the default
/// keep-alive intervals of 15 s lie in it.
const YOUNG: Duration = Duration::from_secs(45);
/// Of the later pings, one in so many looks.
const LOOK_ONE_IN: u64 = 16;
/// How often, and how long apart, a socket that is being made ready is looked at: for five
/// seconds, since its rows take long when many clients come back at once.
const LOOKS: u32 = 15;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// A socket whose handshake has not even begun gets less: its client should have waited.
const LOOKS_BEFORE_HANDSHAKE: u32 = 7;

impl<S, G, C, U> Frames<S, G, C, U>
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
        + ResultStore,
    G: ConnectionGateway,
    C: Clock,
    U: UpstreamQueue,
{
    /// Answers a ping; a socket that is not on record would stay connected and deaf, so it is
    /// sent to connect anew.
    pub(super) async fn ping(&self, caller: &Caller) -> Step {
        if !self.looks(caller) {
            return Step::Reply(PING.to_owned());
        }
        match self.ready(caller).await {
            Ok(Some(_)) => Step::Reply(PING.to_owned()),
            Ok(None) => Step::End(End::reconnect("The connection is not known.")),
            Err(err) => unavailable(&err),
        }
    }

    fn looks(&self, caller: &Caller) -> bool {
        let now = self.clock.now();
        let young = now.since(caller.connected_at) < YOUNG;
        // The time of arrival spreads the looks of one socket as well as those of many.
        young || (caller.socket.spread() ^ now.as_millis()).is_multiple_of(LOOK_ONE_IN)
    }

    /// The socket's record once all its rows are written; `None` when that does not come about.
    ///
    /// Newer clients ping as soon as they read the handshake's answer, while its rows are still
    /// being written. So an unsettled state is looked at again, for a moment.
    pub(super) async fn ready(&self, caller: &Caller) -> Result<Option<Socket>, StoreError> {
        let mut consistency = Consistency::Eventual;
        let mut pause = FIRST_PAUSE;
        for look in 1..=LOOKS {
            let socket = self.store.socket(&caller.socket, consistency).await?;
            let looks = match socket.as_ref().map(|socket| socket.state) {
                Some(SocketState::Ready) => return Ok(socket),
                Some(SocketState::Closed) => return Ok(None),
                Some(SocketState::Connecting) => LOOKS_BEFORE_HANDSHAKE,
                None if consistency == Consistency::Strong => return Ok(None),
                Some(SocketState::Joining) | None => LOOKS,
            };
            if look == looks {
                break;
            }
            tokio::time::sleep(pause).await;
            consistency = Consistency::Strong;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        Ok(None)
    }
}
