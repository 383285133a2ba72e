//! A socket connects: the `$connect` use case.
//!
//! [`Reception`] takes the claim on the connection id and records the socket
//! as `Connecting`. Nothing is deliverable before the handshake. Safe to repeat.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use hubcast_line::{AdmitToLines, ChangeError, Decision, NoLines};
use hubcast_membership::session;
pub use hubcast_membership::token::is_blocked;
use hubcast_model::client::Client;
use hubcast_model::context::Admission;
use hubcast_model::id::{ConnectionId, HubName, SocketId};
use hubcast_model::journey::connection::connected;
use hubcast_model::ports::{
    BlockStore, ClaimStore, ClientStore, GrantStore, SessionStore, SocketStore, StoreError,
};
use hubcast_model::principal::Principal;
use hubcast_model::session::{Reuse, SocketSession};
use hubcast_model::settings::{Hubs, Origins, PublicUrl};
use hubcast_model::socket::{ROW_LIFETIME, Socket, SocketState};
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::values::Values;

/// What decides who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectSettings {
    /// The hubs of this deployment.
    pub hubs: Hubs,
    /// The web origins whose pages may connect.
    pub origins: Origins,
    /// Where clients reach hubcast: programs may name this address as their origin.
    pub public_url: PublicUrl,
    /// How long the session of a client token outlasts the last socket that the token opened.
    pub reconnect_grace: Duration,
    /// Whether backends are told of clients.
    pub has_upstream: bool,
}

/// A socket that wants to connect.
#[derive(Debug)]
pub struct ConnectRequest<'a> {
    /// API Gateway's id of the socket.
    pub socket: SocketId,
    /// The caller, as the authorizer found out.
    pub admission: &'a Admission,
    /// The hub that the request names.
    pub hub: HubName,
    /// The `Origin` header, which browsers always send.
    pub origin: Option<&'a str>,
    /// The host that the request came to, as API Gateway has it.
    pub host: Option<&'a str>,
    /// The query of the request, without its secrets.
    pub query: Values,
    /// When the socket connected, by API Gateway's clock.
    pub connected_at: Timestamp,
    /// Whether the connectionToken has expired, so that it is good for coming back only.
    pub is_late: bool,
}

/// Why a socket was not let in.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The hub does not exist, or the token is not good for the hub.
    #[error("the token is not good for this hub")]
    WrongHub,
    /// The page's origin is not on the list.
    #[error("the origin is not allowed")]
    WrongOrigin,
    /// The user is blocked, or logged out after the token was issued.
    #[error("the user is blocked or has logged out")]
    Blocked,
    /// The token may open one connection, and did so before.
    #[error("the access token was used before; negotiate again")]
    Used,
    /// The connection id is in use by a socket that finished its handshake.
    #[error("the connection is in use")]
    InUse,
    /// The connection has ended, and its client connects anew.
    #[error("the connection has ended; negotiate again")]
    Over,
    /// A line could not be read or written.
    #[error(transparent)]
    Line(#[from] ChangeError),
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets sockets in.
pub trait Connect: Send + Sync {
    /// Lets a socket in. Safe to repeat.
    ///
    /// # Errors
    /// Why the socket is not let in.
    fn connect(
        &self,
        request: ConnectRequest<'_>,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;
}

/// The rules of `$connect`, with the ports that they need.
#[derive(Debug)]
pub struct Reception<S, C, L = NoLines> {
    store: S,
    clock: C,
    settings: ConnectSettings,
    lines: L,
}

impl<S, C> Reception<S, C> {
    /// The rules over these ports. No connection outlives its socket.
    pub const fn new(store: S, clock: C, settings: ConnectSettings) -> Self {
        Self { store, clock, settings, lines: NoLines }
    }
}

impl<S, C, L> Reception<S, C, L> {
    /// The same rules, with connections that outlive their sockets.
    pub fn with_lines<M>(self, lines: M) -> Reception<S, C, M> {
        let Self { store, clock, settings, lines: _ } = self;
        Reception { store, clock, settings, lines }
    }
}

impl<S, C, L> Connect for Reception<S, C, L>
where
    S: BlockStore + ClaimStore + ClientStore + GrantStore + SessionStore + SocketStore,
    C: Clock,
    L: AdmitToLines,
{
    async fn connect(&self, mut request: ConnectRequest<'_>) -> Result<(), ConnectError> {
        let (store, principal) = (&self.store, &request.admission.principal);
        self.settings.check(&request)?;
        if is_blocked(store, principal, self.clock.now()).await? {
            return Err(ConnectError::Blocked);
        }
        if let Some(line) = principal.connection.as_ref().and_then(SocketId::of_line) {
            match self.lines.admit(&line, &request.socket, request.is_late).await? {
                Decision::Back => return Ok(()),
                // From here on the line stands for its sockets.
                Decision::New => request.socket = line,
                Decision::Refused(_) | Decision::Doubtful | Decision::Unknown => {
                    return Err(ConnectError::Over);
                }
            }
        }
        let query = std::mem::take(&mut request.query);
        let socket = socket_of(request, self.settings.reconnect_grace);
        if !use_up(store, principal, &socket).await? {
            return Err(ConnectError::Used);
        }
        if !take_claim(store, &socket).await? {
            return Err(ConnectError::InUse);
        }
        session::add_socket(store, &socket).await?;
        extend_grant(store, principal, &socket).await?;
        if self.settings.has_upstream {
            let client = Client::new(principal, socket.connection.clone(), query);
            store.put_client(&socket.id, &client, socket.expires()).await?;
        }
        store.create_socket(&socket).await?;
        connected(&socket);
        Ok(())
    }
}

impl ConnectSettings {
    /// Checks hub and origin of a request, which needs no look into the table.
    fn check(&self, request: &ConnectRequest<'_>) -> Result<(), ConnectError> {
        if request.hub != request.admission.principal.hub || !self.hubs.contains(&request.hub) {
            return Err(ConnectError::WrongHub);
        }
        if request.origin.is_some_and(|origin| !self.is_at_home(origin, request.host)) {
            return Err(ConnectError::WrongOrigin);
        }
        Ok(())
    }

    fn is_at_home(&self, origin: &str, host: Option<&str>) -> bool {
        self.origins.allows(origin) || self.public_url.is_origin(origin, host)
    }
}

/// Uses up a token that may be used once; false when another connection did so before.
///
/// The second try of a proxy at the same connection is the same use.
async fn use_up(
    store: &impl SessionStore,
    principal: &Principal,
    socket: &Socket,
) -> Result<bool, StoreError> {
    match &principal.session {
        Some(session) if session.reuse == Reuse::Once => {
            // By then the token has expired: only tokens of redirects are good for one use, and
            // those last for minutes.
            let expires = socket.connected_at.plus(ROW_LIFETIME);
            store.use_up(&session.id, &socket.connection, expires).await
        }
        _ => Ok(true),
    }
}

/// Takes the claim on the connection's own id, if it has one; false when the id is in use.
async fn take_claim(store: &impl ClaimStore, socket: &Socket) -> Result<bool, StoreError> {
    if !socket.is_claimed() {
        return Ok(true);
    }
    let expires = socket.connected_at.plus(ROW_LIFETIME);
    store.take_claim(&socket.hub, &socket.connection, &socket.id, expires).await
}

/// Extends the grant of a token for as long as sockets of its session may come.
async fn extend_grant(
    store: &impl GrantStore,
    principal: &Principal,
    socket: &Socket,
) -> Result<(), StoreError> {
    match (&principal.token_id, &socket.session) {
        (Some(token_id), Some(session)) if principal.groups_in_grant => {
            store.extend_grant(token_id, socket.expires().plus(session.grace)).await
        }
        _ => Ok(()),
    }
}

/// The first record of a socket.
fn socket_of(request: ConnectRequest<'_>, grace: Duration) -> Socket {
    let principal = &request.admission.principal;
    // Nobody can come back to the session of a token that may be used once.
    let session = principal.session.as_ref().filter(|session| session.reuse == Reuse::Session);
    let connection = principal.connection.clone();
    Socket {
        connection: connection.unwrap_or_else(|| ConnectionId::from(&request.socket)),
        id: request.socket,
        hub: request.hub,
        user: principal.user.clone(),
        state: SocketState::Connecting,
        connected_at: request.connected_at,
        handshake_at: None,
        session_expires: principal.session_expires,
        admission: request.admission.is_renewable().then(|| Box::new(request.admission.clone())),
        session: session.map(|session| SocketSession { id: session.id.clone(), grace }),
        channels: BTreeSet::new(),
        paid_at: None,
    }
}
