//! The claims of an open connection, as backends read and replace them.

use hubcast_model::id::{GroupName, UserId};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::values::Values;

use super::names::{
    CLOSE_ON_EXPIRY, EXPIRES_ON, GROUPS, OF_TOKEN, OWN_PREFIX, SYSTEM_PREFIX, USER, USERS,
};
use super::of_user;

/// One value of one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionClaim {
    /// The claim's name.
    pub name: String,
    /// A value of the claim.
    pub value: String,
}

impl ConnectionClaim {
    fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

/// Claims name another user than the connection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claims name another user")]
pub struct OtherUser;

/// All claims of a connection: its next client token may be signed from them.
pub fn claims_of(principal: &Principal) -> Vec<ConnectionClaim> {
    let mut claims = Vec::new();
    claims.extend(principal.user.as_ref().map(|user| ConnectionClaim::new(USER, user.as_str())));
    for (name, values) in &principal.user_claims {
        claims.extend(values.iter().map(|value| ConnectionClaim::new(name, value)));
    }
    let groups = principal.groups.iter().map(|group| ConnectionClaim::new(GROUPS, group.as_str()));
    claims.extend(groups);
    if let Some(end) = principal.session_expires {
        claims.push(ConnectionClaim::new(CLOSE_ON_EXPIRY, "true"));
        claims.push(ConnectionClaim::new(EXPIRES_ON, end.as_seconds().to_string()));
    }
    claims
}

/// The same user with other claims. What tells of a token itself is left out.
///
/// # Errors
/// When the claims name another user.
pub fn with_claims(known: &Principal, claims: &[ConnectionClaim]) -> Result<Principal, OtherUser> {
    let mut named = Values::new();
    for claim in claims {
        named.entry(claim.name.clone()).or_default().push(claim.value.clone());
    }
    if USERS.into_iter().any(|name| names_another(known, name, &named)) {
        return Err(OtherUser);
    }
    let groups = named.get(GROUPS).into_iter().flatten();
    let mut groups: Vec<GroupName> =
        groups.filter_map(|name| GroupName::parse(name).ok()).collect();
    groups.sort_unstable();
    groups.dedup();
    let is_own = |name: &str| OF_TOKEN.contains(&name) || name.starts_with(OWN_PREFIX);
    named.retain(|name, _| !is_own(name) && !name.starts_with(SYSTEM_PREFIX));
    let user_claims = of_user(named);
    let single = user_claims.iter().filter_map(|(name, values)| match values.as_slice() {
        [value] => Some((name.clone(), value.clone())),
        _ => None,
    });
    Ok(Principal {
        kind: TokenKind::Client,
        groups,
        groups_in_grant: false,
        claims: single.collect(),
        user_claims: user_claims.clone(),
        ..known.clone()
    })
}

/// Whether a claim that tells the user tells another one: Azure's own always does, the others where
/// the user of this connection came from them.
fn names_another(known: &Principal, name: &str, named: &Values) -> bool {
    let user = known.user.as_ref().map(UserId::as_str);
    let told = known.user_claims.get(name).and_then(|values| values.first());
    let tells = name == USER || (told.is_some() && told.map(String::as_str) == user);
    tells && named.get(name).is_some_and(|values| values.iter().any(|one| Some(&**one) != user))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hubcast_model::id::HubName;
    use hubcast_model::time::Timestamp;

    use super::*;

    fn alice(told: &[(&str, &str)]) -> Principal {
        let told = told.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
        Principal {
            hub: HubName::parse("n").unwrap(),
            user: Some(UserId::parse("alice").unwrap()),
            kind: TokenKind::Client,
            token_id: None,
            issued_at: Timestamp::from_seconds(1),
            logged_in_at: None,
            session_expires: Some(Timestamp::from_seconds(1_893_456_000)),
            session: None,
            groups: vec![GroupName::parse("g").unwrap()],
            groups_in_grant: false,
            claims: BTreeMap::new(),
            user_claims: told.collect(),
            connection: None,
        }
    }

    fn pairs(claims: &[ConnectionClaim]) -> Vec<(&str, &str)> {
        claims.iter().map(|claim| (claim.name.as_str(), claim.value.as_str())).collect()
    }

    fn claims(pairs: &[(&str, &str)]) -> Vec<ConnectionClaim> {
        pairs.iter().map(|(name, value)| ConnectionClaim::new(name, *value)).collect()
    }

    #[test]
    fn all_claims_of_a_connection_are_told() {
        let told = claims_of(&alice(&[("role", "user"), ("nameid", "alice")]));
        let expected = [
            ("asrs.s.uid", "alice"),
            ("nameid", "alice"),
            ("role", "user"),
            ("hubcast.groups", "g"),
            ("asrs.s.coae", "true"),
            ("asrs.s.aeo", "1893456000"),
        ];
        assert_eq!(pairs(&told), expected);
    }

    #[test]
    fn new_claims_take_the_place_of_all_but_the_user_and_the_end() {
        let fresh = claims(&[
            ("role", "admin"),
            ("role", "pilot"),
            ("asrs.u.org", "a"),
            ("exp", "7"),
            ("asrs.s.aeo", "7"),
            ("hubcast.groups", "h"),
        ]);
        let renewed = with_claims(&alice(&[("role", "user")]), &fresh).unwrap();
        let expected = [
            ("asrs.s.uid", "alice"),
            ("org", "a"),
            ("role", "admin"),
            ("role", "pilot"),
            ("hubcast.groups", "h"),
            ("asrs.s.coae", "true"),
            ("asrs.s.aeo", "1893456000"),
        ];
        assert_eq!(pairs(&claims_of(&renewed)), expected);
        assert_eq!(renewed.claims, [("org".to_owned(), "a".to_owned())].into());
    }

    #[test]
    fn claims_of_another_user_are_refused() {
        let other = |told: &[(&str, &str)], name: &str| {
            with_claims(&alice(told), &claims(&[(name, "bob")])).is_err()
        };
        assert!(other(&[], "asrs.s.uid"));
        assert!(other(&[("sub", "alice")], "sub"));
        assert!(!other(&[("sub", "a-number")], "sub"), "the user did not come from there");
        assert!(!other(&[], "nameid"));
        assert!(with_claims(&alice(&[]), &claims(&[("asrs.s.uid", "alice")])).is_ok());
    }
}
