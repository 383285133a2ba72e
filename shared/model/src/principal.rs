//! Who is connecting, as the authorizer found out.

use std::collections::BTreeMap;

use crate::id::{ConnectionId, GroupName, HubName, UserId};
use crate::session::TokenSession;
use crate::time::Timestamp;
use crate::values::Values;

/// Which kind of token a principal showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The app's own token, from Entra ID or another OIDC issuer.
    App,
    /// A token signed with an access key, by hubcast or by the Azure management SDK.
    Client,
}

/// Who is connecting and what the token grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The hub the token is good for.
    pub hub: HubName,
    /// The user; `None` when anonymous.
    pub user: Option<UserId>,
    /// Which kind of token was shown.
    pub kind: TokenKind,
    /// The token's id (`jti`), if it has one.
    pub token_id: Option<String>,
    /// When the token was issued; log-outs refuse tokens issued before them.
    pub issued_at: Timestamp,
    /// When the user logged in, if the token says so.
    pub logged_in_at: Option<Timestamp>,
    /// When the session ends, if it does.
    pub session_expires: Option<Timestamp>,
    /// The session that a client token opens or continues; `None` for app tokens.
    pub session: Option<TokenSession>,
    /// The groups that the token names.
    pub groups: Vec<GroupName>,
    /// The groups stand in the grant row of `token_id`, not in `groups`.
    pub groups_in_grant: bool,
    /// The token's other claims with a plain value, for group patterns.
    pub claims: BTreeMap<String, String>,
    /// The claims that backends are told of, if they are told anything.
    pub user_claims: Values,
    /// The connection whose connectionToken was shown with the token, if any.
    pub connection: Option<ConnectionId>,
}

impl Principal {
    /// Whether the session has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.session_expires.is_some_and(|end| end <= now)
    }
}
