//! Who an event is about.

use std::collections::BTreeMap;

use crate::id::{ConnectionId, HubName, UserId};
use crate::principal::{Principal, TokenKind};

/// Names with their values, in the order in which the values came.
pub type Values = BTreeMap<String, Vec<String>>;

/// What backends are told about the client of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The hub it is connected to.
    pub hub: HubName,
    /// The connection's public id.
    pub connection: ConnectionId,
    /// Whose it is; `None` when anonymous.
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

/// Which claims backends are told of: all of a client token, whoever made it chose them; of an app
/// token those that are named. None at all by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimPolicy(Option<Vec<String>>);

impl ClaimPolicy {
    /// Of app tokens the claims of these names.
    pub const fn naming(names: Vec<String>) -> Self {
        Self(Some(names))
    }

    /// The claims of a principal that backends are told of.
    pub fn told(&self, principal: &Principal) -> Values {
        let mut claims = principal.user_claims.clone();
        match (&self.0, principal.kind) {
            (None, _) => claims.clear(),
            (Some(_), TokenKind::Client) => {}
            (Some(names), TokenKind::App) => claims.retain(|name, _| names.contains(name)),
        }
        claims
    }
}

/// A client as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownClient {
    /// The client.
    pub client: Client,
    /// Whether the telling of its beginning is over.
    pub is_announced: bool,
}
