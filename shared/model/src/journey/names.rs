//! How lines name users and groups: by a keyed digest, plainly, or not at all.
//!
//! A digest lets an operator who knows a name find its lines, and tells nobody
//! else the name: without the key nobody can try names. The key and its place
//! are told in docs/adr/0115.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::naming;
use crate::audience::Audience;
use crate::id::{GroupName, HubName, UserId};

/// So many digits of a digest a line holds: 64 bits.
const DIGITS: usize = 16;
/// What lines call the connections of a whole hub.
pub const EVERYONE: &str = "everyone";
/// The most names of one audience that a line holds.
const NAMES_SHOWN: usize = 5;

/// How lines name users and groups, as `LOG_AUDIENCE` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// By a digest with this key.
    Digest(NamingKey),
    /// Plainly.
    Plain,
    /// Not at all.
    Nothing,
}

/// The key of digests.
#[derive(Clone, PartialEq, Eq)]
pub struct NamingKey(String);

impl fmt::Debug for NamingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamingKey(..)")
    }
}

impl NamingKey {
    /// A key of any text.
    pub const fn new(key: String) -> Self {
        Self(key)
    }

    fn digest(&self, kind: &str, hub: &HubName, name: &str) -> String {
        // A key of any length is one of HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) else {
            return String::new();
        };
        for part in [kind, "\n", hub.as_str(), "\n", name] {
            mac.update(part.as_bytes());
        }
        let bytes = mac.finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).take(DIGITS / 2).collect()
    }
}

impl Naming {
    /// A user of a hub.
    pub fn user(&self, hub: &HubName, user: &UserId) -> Option<String> {
        self.name("user", hub, user.as_str())
    }

    /// The names of an audience, separated by spaces; of a long list only the first ones, and how
    /// many more. A connection's id is no secret.
    pub fn audience(&self, hub: &HubName, audience: &Audience) -> Option<String> {
        match audience {
            Audience::Connection(connection) => Some(connection.to_string()),
            Audience::Users(users) => self.names("user", hub, users.iter().map(UserId::as_str)),
            Audience::Groups(groups) => {
                self.names("group", hub, groups.iter().map(GroupName::as_str))
            }
            Audience::Hub => Some(EVERYONE.to_owned()),
        }
    }

    /// All names of an audience, separated by spaces, however many.
    pub fn all(&self, hub: &HubName, audience: &Audience) -> Option<String> {
        let all = |kind: &str, names: &mut dyn Iterator<Item = &str>| {
            let named = names.map(|name| self.name(kind, hub, name));
            named.collect::<Option<Vec<String>>>().map(|names| names.join(" "))
        };
        match audience {
            Audience::Users(users) => all("user", &mut users.iter().map(UserId::as_str)),
            Audience::Groups(groups) => all("group", &mut groups.iter().map(GroupName::as_str)),
            Audience::Connection(_) | Audience::Hub => self.audience(hub, audience),
        }
    }

    /// A message group, which may hold the name of a user.
    pub fn message_group(&self, group: &str) -> Option<String> {
        // Its hub, if it names one, is a part of the text.
        let (hub, _) = group.split_once(':').unwrap_or_default();
        let hub = HubName::parse(hub).or_else(|_| HubName::parse("none")).ok()?;
        self.name("order", &hub, group)
    }

    fn names<'a>(
        &self,
        kind: &str,
        hub: &HubName,
        names: impl ExactSizeIterator<Item = &'a str>,
    ) -> Option<String> {
        let more = names.len().saturating_sub(NAMES_SHOWN);
        let shown = names.take(NAMES_SHOWN).map(|name| self.name(kind, hub, name));
        let mut shown: Vec<String> = shown.collect::<Option<_>>()?;
        if more > 0 {
            shown.push(format!("+{more}"));
        }
        Some(shown.join(" "))
    }

    fn name(&self, kind: &str, hub: &HubName, name: &str) -> Option<String> {
        match self {
            Self::Digest(key) => Some(key.digest(kind, hub, name)),
            Self::Plain => Some(name.to_owned()),
            Self::Nothing => None,
        }
    }
}

/// A user of a hub, as lines of this process name the user.
pub fn user(hub: &HubName, user: Option<&UserId>) -> Option<String> {
    user.and_then(|user| naming().user(hub, user))
}

/// An audience, as lines of this process name it.
pub fn audience(hub: &HubName, audience: &Audience) -> Option<String> {
    naming().audience(hub, audience)
}

/// A message group, as lines of this process name it.
pub fn message_group(group: &str) -> Option<String> {
    naming().message_group(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ConnectionId;

    fn hub(name: &str) -> HubName {
        HubName::parse(name).unwrap()
    }

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn digest(key: &str) -> Naming {
        Naming::Digest(NamingKey::new(key.to_owned()))
    }

    #[test]
    fn a_digest_is_of_one_key_hub_kind_and_name() {
        let alice = digest("k").user(&hub("n"), &user("alice")).unwrap();
        assert_eq!(alice.len(), DIGITS);
        assert!(alice.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert_eq!(digest("k").user(&hub("n"), &user("alice")).unwrap(), alice);
        let group = Audience::group(GroupName::parse("alice").unwrap());
        for other in [
            digest("other").user(&hub("n"), &user("alice")),
            digest("k").user(&hub("m"), &user("alice")),
            digest("k").user(&hub("n"), &user("bob")),
            digest("k").audience(&hub("n"), &group),
        ] {
            assert_ne!(other.unwrap(), alice);
        }
    }

    #[test]
    fn names_are_shown_only_where_that_is_asked_for() {
        let audience = Audience::Users(vec![user("alice"), user("bob")]);
        assert_eq!(Naming::Plain.audience(&hub("n"), &audience).unwrap(), "alice bob");
        assert_eq!(Naming::Nothing.audience(&hub("n"), &audience), None);
        let digests = digest("k").audience(&hub("n"), &audience).unwrap();
        let alice = digest("k").user(&hub("n"), &user("alice")).unwrap();
        assert!(digests.starts_with(&format!("{alice} ")), "{digests}");
        let order = digest("k").message_group("n:user:alice").unwrap();
        assert!(!order.contains("alice"), "{order}");
    }

    #[test]
    fn a_long_list_is_cut_and_an_open_id_is_shown() {
        let users = (0..8).map(|n| user(&format!("u{n}"))).collect();
        let names = Naming::Plain.audience(&hub("n"), &Audience::Users(users)).unwrap();
        assert_eq!(names, "u0 u1 u2 u3 u4 +3");
        let connection = Audience::Connection(ConnectionId::parse("c1").unwrap());
        assert_eq!(digest("k").audience(&hub("n"), &connection).unwrap(), "c1");
    }

    #[test]
    fn a_key_is_not_shown() {
        assert!(!format!("{:?}", digest("secret")).contains("secret"));
    }
}
