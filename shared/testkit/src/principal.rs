//! Principals, admissions and callers.

use std::collections::BTreeMap;

use hubcast_model::context::Admission;
use hubcast_model::context::Caller;
use hubcast_model::groups::{GroupPolicy, Joinable};
use hubcast_model::principal::{Principal, TokenKind};

use crate::clock::START;
use crate::name;

/// A user of the hub with an app token of just now, without groups or an end.
pub fn principal(hub: &str, user: &str) -> Principal {
    Principal { user: Some(name::user(user)), ..anonymous(hub) }
}

/// Someone of the hub without a user id.
pub fn anonymous(hub: &str) -> Principal {
    Principal {
        hub: name::hub(hub),
        user: None,
        kind: TokenKind::App,
        token_id: None,
        issued_at: START,
        logged_in_at: None,
        session_expires: None,
        session: None,
        groups: Vec::new(),
        groups_in_grant: false,
        claims: BTreeMap::new(),
        user_claims: BTreeMap::new(),
        connection: None,
    }
}

/// What clients may join by these patterns.
pub fn joinable(patterns: &str) -> Joinable {
    GroupPolicy::parse(patterns).expect("group patterns").expand(&BTreeMap::new())
}

/// The principal, with no group to join but its own.
pub fn admission(principal: Principal) -> Admission {
    Admission { principal, joinable: Joinable::default() }
}

/// The principal on a socket that connected at [`START`].
pub fn caller(socket: &str, principal: Principal) -> Caller {
    let socket = name::socket(socket);
    Caller { socket, connected_at: START, admission: admission(principal) }
}
