//! A socket connects: the `$connect` use case.
//!
//! Takes the claim on the connection id and records the socket as
//! `Connecting`. Nothing is deliverable before the handshake. Safe to repeat.

use std::collections::BTreeSet;
use std::time::Duration;

use hubcast_membership::session;
use hubcast_model::client::{Client, Values};
use hubcast_model::id::{ConnectionId, HubName, SocketId};
use hubcast_model::ports::{
    BlockStore, ClaimStore, ClientStore, GrantStore, SessionStore, SocketStore, StoreError,
};
use hubcast_model::principal::Principal;
use hubcast_model::session::{Reuse, SocketSession};
use hubcast_model::settings::{Hubs, Origins};
use hubcast_model::socket::{ROW_LIFETIME, Socket, SocketState};
use hubcast_model::time::{Clock, Timestamp};

/// What decides who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectSettings {
    /// The hubs there are.
    pub hubs: Hubs,
    /// The web origins that may connect.
    pub origins: Origins,
    /// How long the session of a client token outlasts the last socket that the token opened.
    pub reconnect_grace: Duration,
    /// Whether backends hear of clients.
    pub has_upstream: bool,
}

/// A socket that wants to connect.
#[derive(Debug)]
pub struct ConnectRequest<'a> {
    /// API Gateway's id of it.
    pub socket: SocketId,
    /// Who it is, as the authorizer found.
    pub principal: &'a Principal,
    /// The hub that the request names.
    pub hub: HubName,
    /// The `Origin` header, which browsers always send.
    pub origin: Option<&'a str>,
    /// The query of the request, without its secrets.
    pub query: Values,
    /// When it connected.
    pub connected_at: Timestamp,
}

/// Why a socket was not let in.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The hub does not exist, or the token is not good for it.
    #[error("the token is not good for this hub")]
    WrongHub,
    /// The page's origin is not on the list.
    #[error("the origin is not allowed")]
    WrongOrigin,
    /// The user is blocked, or logged out after the token was issued.
    #[error("the user is blocked or has logged out")]
    Blocked,
    /// The token may open one connection, and has.
    #[error("the access token was used before; negotiate again")]
    Used,
    /// The connection id is in use by a socket that finished its handshake.
    #[error("the connection is in use")]
    InUse,
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets a socket in, or says why not.
pub async fn connect<
    S: BlockStore + ClaimStore + ClientStore + GrantStore + SessionStore + SocketStore,
>(
    store: &S,
    clock: &impl Clock,
    settings: &ConnectSettings,
    mut request: ConnectRequest<'_>,
) -> Result<(), ConnectError> {
    let principal = request.principal;
    if request.hub != principal.hub || !settings.hubs.contains(&request.hub) {
        return Err(ConnectError::WrongHub);
    }
    if request.origin.is_some_and(|origin| !settings.origins.allows(origin)) {
        return Err(ConnectError::WrongOrigin);
    }
    if is_blocked(store, principal, clock.now()).await? {
        return Err(ConnectError::Blocked);
    }
    let query = std::mem::take(&mut request.query);
    let socket = socket_of(request, settings.reconnect_grace);
    if !use_up(store, principal, &socket).await? {
        return Err(ConnectError::Used);
    }
    let expires = socket.connected_at.plus(ROW_LIFETIME);
    if socket.is_claimed()
        && !store.take_claim(&socket.hub, &socket.connection, &socket.id, expires).await?
    {
        return Err(ConnectError::InUse);
    }
    session::add_socket(store, &socket).await?;
    keep_grant(store, principal, &socket).await?;
    if settings.has_upstream {
        let client = Client::new(principal, socket.connection.clone(), query);
        store.put_client(&socket.id, &client, socket.expires()).await?;
    }
    Ok(store.create_socket(&socket).await?)
}

/// Keeps the groups of a token for as long as its session may come back to them.
async fn keep_grant(
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

/// Uses a token up that may be used once. A proxy's second try at the same connection is one use.
async fn use_up(
    store: &impl SessionStore,
    principal: &Principal,
    socket: &Socket,
) -> Result<bool, StoreError> {
    match &principal.session {
        Some(session) if session.reuse == Reuse::Once => {
            // By then the token has expired.
            let expires = socket.connected_at.plus(ROW_LIFETIME);
            store.use_up(&session.id, &socket.connection, expires).await
        }
        _ => Ok(true),
    }
}

/// Whether the principal's user is blocked, or logged out after the token was issued.
pub async fn is_blocked(
    store: &impl BlockStore,
    principal: &Principal,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(user) = &principal.user else {
        return Ok(false);
    };
    let block = store.block(&principal.hub, user).await?;
    Ok(block.refuses(principal.issued_at, now))
}

fn socket_of(request: ConnectRequest<'_>, grace: Duration) -> Socket {
    let principal = request.principal;
    // A token that may be used once has no session that anyone could come back to.
    let session = principal.session.as_ref().filter(|session| session.reuse == Reuse::Session);
    let connection = principal.connection.clone();
    Socket {
        connection: connection.unwrap_or_else(|| ConnectionId::from(&request.socket)),
        id: request.socket,
        hub: request.hub,
        user: principal.user.clone(),
        state: SocketState::Connecting,
        connected_at: request.connected_at,
        session_expires: principal.session_expires,
        session: session.map(|session| SocketSession { id: session.id.clone(), grace }),
        channels: BTreeSet::new(),
    }
}
