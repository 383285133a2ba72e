//! What the authorizer found out, as it rides on every later event.
//!
//! API Gateway allows flat texts only, and 8 KB for the whole answer. Groups
//! beyond [`GROUPS_MAX_BYTES`] stay in the grant row of the token's id.

use std::collections::BTreeMap;

use crate::client::ClaimPolicy;
use crate::groups::{GroupPolicy, Joinable};
use crate::id::{ConnectionId, GroupName, HubName, SocketId, UserId};
use crate::principal::{Principal, TokenKind};
use crate::session::{Reuse, SessionId, TokenSession};
use crate::time::Timestamp;

/// The most that the groups of a token may take in the context, in bytes.
pub const GROUPS_MAX_BYTES: usize = 4096;

/// The most that the context may take, in bytes: API Gateway's 8 KB for the whole answer, less the
/// policy and what JSON adds.
const CONTEXT_MAX_BYTES: usize = 7 * 1024;

/// A principal and what it may join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Who.
    pub principal: Principal,
    /// The groups that the client may join besides those its token names.
    pub joinable: Joinable,
}

/// A token says more than the context of an authorizer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// Its groups alone take more than [`GROUPS_MAX_BYTES`].
    #[error("it names too many groups; negotiate instead")]
    Groups,
    /// All that it says together.
    #[error("it says more than fits")]
    Size,
}

/// Who sent a frame, as its event says.
#[derive(Debug, Clone)]
pub struct Caller {
    /// API Gateway's id of the socket.
    pub socket: SocketId,
    /// When it connected.
    pub connected_at: Timestamp,
    /// What the authorizer found out.
    pub admission: Admission,
}

impl Caller {
    /// The id that stands for the caller's sockets, if its connection outlives them.
    pub fn line(&self) -> Option<SocketId> {
        SocketId::of_line(self.admission.principal.connection.as_ref()?)
    }

    /// The id that others know the connection by.
    pub fn connection(&self) -> ConnectionId {
        let claimed = self.admission.principal.connection.clone();
        claimed.unwrap_or_else(|| ConnectionId::from(&self.socket))
    }
}

/// The context is not one that the authorizer wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the authorizer context has no valid '{0}'")]
pub struct ContextError(&'static str);

/// The entry that says that the connectionToken has expired, and is good for coming back only.
pub const LATE: &str = "isLate";
const HUB: &str = "hub";
const USER: &str = "userId";
const CONNECTION: &str = "connectionId";
const KIND: &str = "tokenKind";
const TOKEN_ID: &str = "tokenId";
const ISSUED: &str = "issuedAt";
const EXPIRES: &str = "sessionExpires";
const SESSION: &str = "session";
const SINGLE_USE: &str = "singleUse";
const GROUPS: &str = "groups";
const GRANT: &str = "groupsInGrant";
const JOINABLE: &str = "joinable";
const CLAIMS: &str = "claims";

/// The groups as the context holds them.
pub fn groups_text(groups: &[GroupName]) -> String {
    let names: Vec<&str> = groups.iter().map(GroupName::as_str).collect();
    serde_json::to_string(&names).unwrap_or_default()
}

/// The id that stands for the sockets of a connection that outlives them, as the context names the
/// connection; `None` for another connection.
pub fn line_of(lookup: impl Fn(&str) -> Option<String>) -> Option<SocketId> {
    SocketId::of_line(&ConnectionId::parse(&lookup(CONNECTION)?).ok()?)
}

impl Admission {
    /// What later events carry of a principal: the groups that it may join by `patterns`, and the
    /// claims that backends are `told`.
    ///
    /// All claims of a client token whose session ends stay, where they fit: a backend that gives
    /// the connection a fresh token asks for them.
    ///
    /// # Errors
    /// When the token says more than fits.
    pub fn new(
        mut principal: Principal,
        patterns: &GroupPolicy,
        told: &ClaimPolicy,
    ) -> Result<Self, AdmissionError> {
        if groups_text(&principal.groups).len() > GROUPS_MAX_BYTES {
            return Err(AdmissionError::Groups);
        }
        let joinable = patterns.expand(&principal.claims);
        let told = told.claims_of(&principal);
        // Nothing later asks for what the context does not hold.
        principal.claims.clear();
        principal.logged_in_at = None;
        let keeps_all = principal.kind == TokenKind::Client && principal.session_expires.is_some();
        let mut admission = Self { principal, joinable };
        if !keeps_all || !admission.fits() {
            admission.principal.user_claims = told;
        }
        if admission.fits() { Ok(admission) } else { Err(AdmissionError::Size) }
    }

    fn fits(&self) -> bool {
        let context = self.to_context();
        let bytes = context.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        bytes <= CONTEXT_MAX_BYTES
    }

    /// Whether a fresh token may take the place of this one: the session has an end that can be
    /// moved, and a secret that proves whose connection it is.
    pub fn is_renewable(&self) -> bool {
        self.principal.session_expires.is_some() && self.principal.connection.is_some()
    }

    /// The context for the authorizer's answer.
    pub fn to_context(&self) -> BTreeMap<String, String> {
        let who = &self.principal;
        let kind = match who.kind {
            TokenKind::App => "app",
            TokenKind::Client => "client",
        };
        let groups = (!who.groups.is_empty()).then(|| groups_text(&who.groups));
        let joinable = (!self.joinable.is_empty())
            .then(|| serde_json::to_string(&self.joinable).unwrap_or_default());
        let claims = (!who.user_claims.is_empty())
            .then(|| serde_json::to_string(&who.user_claims).unwrap_or_default());
        let entries = [
            (HUB, Some(who.hub.to_string())),
            (USER, who.user.as_ref().map(ToString::to_string)),
            (CONNECTION, who.connection.as_ref().map(ToString::to_string)),
            (KIND, Some(kind.to_owned())),
            (TOKEN_ID, who.token_id.clone()),
            (ISSUED, Some(who.issued_at.as_millis().to_string())),
            (EXPIRES, who.session_expires.map(|end| end.as_millis().to_string())),
            (SESSION, who.session.as_ref().map(|session| session.id.to_string())),
            (SINGLE_USE, is_single_use(who).then(|| "true".to_owned())),
            (GROUPS, groups),
            (GRANT, who.groups_in_grant.then(|| "true".to_owned())),
            (JOINABLE, joinable),
            (CLAIMS, claims),
        ];
        let present = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
        entries.into_iter().filter_map(present).collect()
    }

    /// Reads the context back; `lookup` answers the text of a context entry.
    ///
    /// # Errors
    /// When an entry is missing or not what the authorizer writes. Nothing is assumed then.
    pub fn from_context(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ContextError> {
        let joinable = lookup(JOINABLE).map(|text| serde_json::from_str(&text));
        let principal = Principal {
            hub: parsed(HUB, lookup(HUB), |text| HubName::parse(text).ok())?
                .ok_or(ContextError(HUB))?,
            user: parsed(USER, lookup(USER), |text| UserId::parse(text).ok())?,
            kind: parsed(KIND, lookup(KIND), kind)?.ok_or(ContextError(KIND))?,
            token_id: lookup(TOKEN_ID),
            issued_at: parsed(ISSUED, lookup(ISSUED), millis)?.ok_or(ContextError(ISSUED))?,
            // Asked for at negotiation only.
            logged_in_at: None,
            session_expires: parsed(EXPIRES, lookup(EXPIRES), millis)?,
            session: parsed(SESSION, lookup(SESSION), SessionId::parse)?
                .map(|id| TokenSession { id, reuse: reuse(lookup(SINGLE_USE).is_some()) }),
            groups: parsed(GROUPS, lookup(GROUPS), groups)?.unwrap_or_default(),
            groups_in_grant: lookup(GRANT).is_some(),
            claims: BTreeMap::new(),
            user_claims: parsed(CLAIMS, lookup(CLAIMS), |text| serde_json::from_str(text).ok())?
                .unwrap_or_default(),
            connection: parsed(CONNECTION, lookup(CONNECTION), |text| {
                ConnectionId::parse(text).ok()
            })?,
        };
        let joinable = joinable.transpose().map_err(|_| ContextError(JOINABLE))?;
        Ok(Self { principal, joinable: joinable.unwrap_or_default() })
    }
}

fn is_single_use(who: &Principal) -> bool {
    who.session.as_ref().is_some_and(|session| session.reuse == Reuse::Once)
}

const fn reuse(is_single_use: bool) -> Reuse {
    if is_single_use { Reuse::Once } else { Reuse::Session }
}

fn parsed<T>(
    name: &'static str,
    text: Option<String>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ContextError> {
    text.map(|text| parse(&text).ok_or(ContextError(name))).transpose()
}

fn kind(text: &str) -> Option<TokenKind> {
    match text {
        "app" => Some(TokenKind::App),
        "client" => Some(TokenKind::Client),
        _ => None,
    }
}

fn millis(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_millis)
}

fn groups(text: &str) -> Option<Vec<GroupName>> {
    let names: Vec<String> = serde_json::from_str(text).ok()?;
    names.iter().map(|name| GroupName::parse(name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Values;

    fn admission() -> Admission {
        let principal = Principal {
            hub: HubName::parse("n").unwrap(),
            user: Some(UserId::parse("älice").unwrap()),
            kind: TokenKind::Client,
            token_id: Some("j".to_owned()),
            issued_at: Timestamp::from_millis(1234),
            logged_in_at: None,
            session_expires: Some(Timestamp::from_millis(99)),
            session: Some(TokenSession {
                id: SessionId::of(&HubName::parse("n").unwrap(), "t"),
                reuse: Reuse::Once,
            }),
            groups: vec![GroupName::parse("a,\"b").unwrap()],
            groups_in_grant: false,
            claims: BTreeMap::new(),
            user_claims: [("role".to_owned(), vec!["a".to_owned(), "b".to_owned()])].into(),
            connection: Some(ConnectionId::parse("c").unwrap()),
        };
        let joinable = GroupPolicy::parse("room-*").unwrap().expand(&BTreeMap::new());
        Admission { principal, joinable }
    }

    #[test]
    fn a_context_reads_back_as_it_was_written() {
        let context = admission().to_context();
        let read = Admission::from_context(|name| context.get(name).cloned());
        assert_eq!(read, Ok(admission()));
    }

    #[test]
    fn anonymous_principals_have_no_entry_for_what_they_lack() {
        let mut anonymous = admission();
        anonymous.principal.user = None;
        anonymous.principal.connection = None;
        anonymous.principal.groups = Vec::new();
        let context = anonymous.to_context();
        assert!(!context.contains_key(USER) && !context.contains_key(GROUPS));
        assert_eq!(Admission::from_context(|name| context.get(name).cloned()), Ok(anonymous));
    }

    #[test]
    fn claims_that_nobody_is_told_stay_where_a_fresh_token_may_come_and_they_fit() {
        let (patterns, told) = (GroupPolicy::default(), ClaimPolicy::default());
        let admitted = |principal: &Principal| {
            let admission = Admission::new(principal.clone(), &patterns, &told);
            admission.map(|admission| admission.principal.user_claims)
        };
        let principal = admission().principal;
        assert_eq!(admitted(&principal), Ok(principal.user_claims.clone()));
        let endless = Principal { session_expires: None, ..principal.clone() };
        assert_eq!(admitted(&endless), Ok(Values::new()));
        let of_app = Principal { kind: TokenKind::App, ..principal.clone() };
        assert_eq!(admitted(&of_app), Ok(Values::new()));
        let long = Values::from([("pad".to_owned(), vec!["x".repeat(CONTEXT_MAX_BYTES)])]);
        let too_long = Principal { user_claims: long, ..principal.clone() };
        assert_eq!(admitted(&too_long), Ok(Values::new()));
        let token_id = Some("x".repeat(CONTEXT_MAX_BYTES));
        let much = Principal { token_id, ..principal.clone() };
        assert_eq!(admitted(&much), Err(AdmissionError::Size));
        let name = |n: usize| GroupName::parse(&format!("group-{n:04}")).unwrap();
        let groups = (0..400).map(name).collect();
        assert_eq!(admitted(&Principal { groups, ..principal }), Err(AdmissionError::Groups));
    }

    #[test]
    fn a_context_that_lacks_or_spoils_an_entry_is_refused() {
        for name in [HUB, KIND, ISSUED] {
            let mut context = admission().to_context();
            context.remove(name);
            let read = Admission::from_context(|name| context.get(name).cloned());
            assert_eq!(read, Err(ContextError(name)));
        }
        for name in [HUB, KIND, ISSUED, EXPIRES, SESSION, GROUPS, JOINABLE, CLAIMS] {
            let mut context = admission().to_context();
            context.insert(name.to_owned(), "\u{0}".to_owned());
            let read = Admission::from_context(|name| context.get(name).cloned());
            assert_eq!(read, Err(ContextError(name)));
        }
    }
}
