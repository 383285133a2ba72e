//! Sessions: what a client token opened, across reconnects.
//!
//! Many apps fetch `{url, accessToken}` once and show the same token for days,
//! while API Gateway cuts every socket after two hours. So a token that opened
//! a socket stays good for its user and hub until a grace after the last of
//! the sockets it opened has ended, whatever its own `exp` says. Sessions that
//! are to end at a certain time, log-outs and blocks are not touched by this.

use std::fmt;
use std::time::Duration;

use crate::id::{HexDigest, HubName};

/// Length of a session's name: a SHA-256 digest in hexadecimal digits.
const DIGITS: usize = 64;

/// Names the session of a token on a hub: a digest, so that no table, log or context holds a token.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// The session that `token` opens, or has opened, on `hub`.
    pub fn of(hub: &HubName, token: &str) -> Self {
        // No hub name holds a `#`, so two pairs never make one text.
        Self(format!("{:x}", HexDigest(&format!("{hub}#{token}"))))
    }

    /// Reads a session's name back; `None` for anything that is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", self.0)
    }
}

/// How often a token may open a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// Until it expires, and for as long as its session lasts.
    #[default]
    Session,
    /// Once.
    Once,
}

/// The session of a client token, as the authorizer found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSession {
    /// Its name.
    pub id: SessionId,
    /// How often its token may be used.
    pub reuse: Reuse,
}

/// The session that a socket belongs to, as its record keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSession {
    /// Its name.
    pub id: SessionId,
    /// How long it outlasts its last socket.
    pub grace: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_another_session_on_every_hub() {
        let [one, other] = ["one", "other"].map(|hub| HubName::parse(hub).unwrap());
        assert_ne!(SessionId::of(&one, "t"), SessionId::of(&other, "t"));
        assert_ne!(SessionId::of(&one, "t"), SessionId::of(&one, "u"));
    }

    #[test]
    fn the_name_of_a_session_does_not_show_the_token_and_reads_back() {
        let id = SessionId::of(&HubName::parse("n").unwrap(), "secret");
        assert!(!format!("{id:?}{id}").contains("secret"));
        assert_eq!(SessionId::parse(id.as_str()), Some(id));
        for bad in ["", "0", &"g".repeat(64), &"0".repeat(65)] {
            assert_eq!(SessionId::parse(bad), None);
        }
    }
}
