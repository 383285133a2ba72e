//! Clients, as backends hear of them.

use crate::id::{ConnectionId, HubName, UserId};
use crate::principal::{Principal, TokenKind};
use crate::trace::Traceparent;
use crate::values::Values;

/// The client of a socket, as backends hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The hub it is connected to.
    pub hub: HubName,
    /// The connection's public id.
    pub connection: ConnectionId,
    /// The user; `None` when anonymous.
    pub user: Option<UserId>,
    /// The claims of the user's token.
    pub claims: Values,
    /// The query that it connected with, without its secrets.
    pub query: Values,
}

impl Client {
    /// The client of a principal that is known by `connection`.
    pub fn new(principal: &Principal, connection: ConnectionId, query: Values) -> Self {
        Self {
            hub: principal.hub.clone(),
            connection,
            user: principal.user.clone(),
            claims: principal.user_claims.clone(),
            query,
        }
    }
}

/// Which claims of a user backends hear of.
///
/// Of a client token all of them: whoever made the token chose them. Of an app token those that are
/// named. By default none at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimPolicy(Option<Vec<String>>);

impl ClaimPolicy {
    /// Of app tokens the claims of these names.
    pub const fn naming(names: Vec<String>) -> Self {
        Self(Some(names))
    }

    /// The claims of a principal that backends hear of.
    pub fn claims_of(&self, principal: &Principal) -> Values {
        let mut claims = principal.user_claims.clone();
        match (&self.0, principal.kind) {
            (None, _) => claims.clear(),
            (Some(_), TokenKind::Client) => {}
            (Some(names), TokenKind::App) => claims.retain(|name, _| names.contains(name)),
        }
        claims
    }
}

/// The row of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// The client.
    pub client: Client,
    /// Whether backends heard of its beginning.
    pub is_announced: bool,
    /// Why its connection ends, as far as somebody noted it.
    pub why: Option<String>,
    /// The trace within which its end was asked for.
    pub trace: Option<Traceparent>,
}
