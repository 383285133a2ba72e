//! Names that are parsed once and then trusted.
//!
//! A [`HubName`] is lower-cased; every other name is case-sensitive. Names of
//! more than [`KEYED_AS_IS_BYTES`] bytes are keyed by a digest ([`KeyedName`]),
//! so that any accepted name fits a DynamoDB key. Clones share their text: an
//! audience of a thousand sockets is passed on several times.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// The longest user or group name, in characters (Azure SignalR's limit for groups).
pub const NAME_MAX_CHARS: usize = 1024;
/// The longest hub name, in characters (Azure SignalR's pattern).
pub const HUB_MAX_CHARS: usize = 128;
/// The longest connection id, in bytes.
pub const CONNECTION_ID_MAX_BYTES: usize = 128;
/// Names of up to this many bytes are keyed as they are.
pub const KEYED_AS_IS_BYTES: usize = 256;
/// How much of a longer name stays readable in its key, in bytes. With the
/// separator and the digest such a key is longer than any name keyed as it is,
/// so the two can never be the same.
const KEYED_PREFIX_BYTES: usize = 196;
/// What the ids of connections begin with that outlive their sockets. No id of API Gateway's, and
/// no other id of hubcast's, holds this character.
const LINE_MARK: char = '~';

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or nothing but white space.
    #[error("is empty")]
    Empty,
    /// Longer than the limit.
    #[error("is longer than {max} characters")]
    TooLong {
        /// The limit in characters.
        max: usize,
    },
    /// A character that the name may not hold.
    #[error("holds a character that is not allowed")]
    BadCharacter,
    /// White space at the begin or at the end, which HTTP trims: the receiver of a webhook would
    /// take the user for another one.
    #[error("begins or ends with white space")]
    OuterSpace,
    /// `.` or `..`, which programs that read URLs take as steps: `users/../:send` becomes `:send`.
    #[error("is a step in paths")]
    Step,
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// A hub: a namespace for users, groups and connections; lower-cased.
    HubName
);
name_type!(
    /// The public id of a connection, which clients see and senders name.
    ConnectionId
);
name_type!(
    /// API Gateway's own id of a socket; never shown to clients of a negotiated connection. A
    /// connection that outlives its sockets has such an id too, by which its rows are keyed.
    SocketId
);
name_type!(
    /// The user a connection belongs to; case-sensitive.
    UserId
);
name_type!(
    /// A group of connections; case-sensitive.
    GroupName
);
name_type!(
    /// A user or group name as it stands in a table key, at most 261 bytes long.
    KeyedName
);

impl HubName {
    /// Reads a hub name: a letter, then letters, digits and ``_`,.[]`` as in Azure SignalR.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > HUB_MAX_CHARS {
            return Err(NameError::TooLong { max: HUB_MAX_CHARS });
        }
        let starts_with_letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts_with_letter || !text.chars().all(is_hub_char) {
            return Err(NameError::BadCharacter);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

impl HubName {
    /// This hub of an application: as in Azure SignalR a hub of its own, with both names in it.
    ///
    /// # Errors
    /// When the two are longer than a hub's name together.
    pub fn of_application(&self, application: &Self) -> Result<Self, NameError> {
        Self::parse(&format!("{application}_{self}"))
    }
}

fn is_hub_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_`,.[]".contains(c)
}

impl ConnectionId {
    /// Reads a connection id as clients and senders give it.
    ///
    /// Clients that negotiate by version 0 know their connectionToken as the
    /// connection id, so what follows the first dot is not part of the id.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let id = text.split('.').next().unwrap_or_default();
        if id.is_empty() {
            return Err(NameError::Empty);
        }
        if id.len() > CONNECTION_ID_MAX_BYTES {
            return Err(NameError::TooLong { max: CONNECTION_ID_MAX_BYTES });
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(NameError::BadCharacter);
        }
        Ok(Self(id.into()))
    }
}

impl ConnectionId {
    /// The id of a connection that outlives its sockets.
    ///
    /// # Errors
    /// When the text is no id of a connection.
    pub fn line(text: &str) -> Result<Self, NameError> {
        Self::parse(&format!("{LINE_MARK}{text}"))
    }

    /// Whether the connection outlives its sockets.
    pub fn is_line(&self) -> bool {
        self.0.starts_with(LINE_MARK)
    }
}

impl From<&SocketId> for ConnectionId {
    /// A socket that was opened without a connectionToken is known by its own id.
    fn from(socket: &SocketId) -> Self {
        Self(socket.0.clone())
    }
}

impl SocketId {
    /// Reads a socket id; API Gateway's are short base64 texts.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        ConnectionId::parse(text)?;
        Ok(Self(text.into()))
    }

    /// The id that stands for the sockets of a connection that outlives them; `None` for another
    /// connection.
    pub fn of_line(connection: &ConnectionId) -> Option<Self> {
        connection.is_line().then(|| Self(connection.0.clone()))
    }

    /// Whether this id stands for the sockets of a connection that outlives them.
    pub fn is_line(&self) -> bool {
        self.0.starts_with(LINE_MARK)
    }

    /// A place in the order of ids: all ids of lines come after it, and all other ids before.
    pub fn before_lines() -> Self {
        Self("}".into())
    }

    /// A number that is stable for this socket and spread evenly over sockets.
    pub fn spread(&self) -> u64 {
        let digest = Sha256::digest(self.0.as_bytes());
        digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }
}

impl UserId {
    /// Reads a user id of 1 to [`NAME_MAX_CHARS`] characters, which paths and headers leave as it is.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        checked_name(text).map(|name| Self(name.into()))
    }

    /// The user id as table keys hold it.
    pub fn keyed(&self) -> KeyedName {
        KeyedName::of(&self.0)
    }
}

impl GroupName {
    /// Reads a group name of 1 to [`NAME_MAX_CHARS`] characters, which paths and headers leave as it is.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        checked_name(text).map(|name| Self(name.into()))
    }

    /// The group name as table keys hold it.
    pub fn keyed(&self) -> KeyedName {
        KeyedName::of(&self.0)
    }
}

fn checked_name(text: &str) -> Result<&str, NameError> {
    if text.trim().is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().nth(NAME_MAX_CHARS).is_some() {
        return Err(NameError::TooLong { max: NAME_MAX_CHARS });
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::BadCharacter);
    }
    if text.starts_with(is_space) || text.ends_with(is_space) {
        return Err(NameError::OuterSpace);
    }
    if matches!(text, "." | "..") {
        return Err(NameError::Step);
    }
    Ok(text)
}

/// What programs trim: white space, and the byte order mark, which JavaScript trims too.
const fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

impl KeyedName {
    /// Takes over a key part that was read back from the table.
    pub fn from_key(part: &str) -> Self {
        Self(part.into())
    }

    /// The group of this key; `None` for a long name, of which a key holds only a digest.
    pub fn name(&self) -> Option<GroupName> {
        (self.0.len() <= KEYED_AS_IS_BYTES).then(|| GroupName(self.0.clone()))
    }

    /// What the key holds of the name: all of it, or the beginning of a long one.
    pub fn beginning(&self) -> &str {
        if self.0.len() <= KEYED_AS_IS_BYTES {
            return &self.0;
        }
        self.0.rsplit_once('#').map_or(&*self.0, |(beginning, _digest)| beginning)
    }

    /// Any text as table keys hold it.
    pub fn of(name: &str) -> Self {
        if name.len() <= KEYED_AS_IS_BYTES {
            return Self(name.into());
        }
        let cut = (0..=KEYED_PREFIX_BYTES).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
        Self(format!("{}#{:x}", &name[..cut], HexDigest(name)).into())
    }
}

/// The SHA-256 digest of a text, in hexadecimal digits.
#[derive(Debug)]
pub struct HexDigest<'a>(pub &'a str);

impl fmt::LowerHex for HexDigest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sha256::digest(self.0.as_bytes()).iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hubs_are_lower_cased_and_checked() {
        assert_eq!(HubName::parse("Notifications").unwrap().as_str(), "notifications");
        assert_eq!(HubName::parse(""), Err(NameError::Empty));
        assert_eq!(HubName::parse("1hub"), Err(NameError::BadCharacter));
        assert_eq!(HubName::parse("a#b"), Err(NameError::BadCharacter));
        assert_eq!(HubName::parse(&"h".repeat(129)), Err(NameError::TooLong { max: 128 }));
    }

    #[test]
    fn hubs_of_an_application_are_as_long_as_hubs() {
        let [app, hub] = ["App", "Hub"].map(|name| HubName::parse(name).unwrap());
        assert_eq!(hub.of_application(&app).unwrap().as_str(), "app_hub");
        let [long, longest] = [124, 128].map(|n| HubName::parse(&"a".repeat(n)).unwrap());
        assert!(hub.of_application(&long).is_ok());
        assert_eq!(hub.of_application(&longest), Err(NameError::TooLong { max: 128 }));
    }

    #[test]
    fn user_and_group_names_keep_their_case_and_odd_characters() {
        for name in ["Alice", "a#b", "%2F", "группа", "a b", "...", ".a", "%2e%2e"] {
            assert_eq!(UserId::parse(name).unwrap().as_str(), name);
            let group = GroupName::parse(name).unwrap();
            assert_eq!((group.as_str(), group.keyed().name()), (name, Some(group.clone())));
        }
    }

    #[test]
    fn empty_long_and_control_names_are_refused() {
        assert_eq!(GroupName::parse(" \t "), Err(NameError::Empty));
        assert_eq!(GroupName::parse("a\u{0}b"), Err(NameError::BadCharacter));
        assert_eq!(GroupName::parse("a\nb"), Err(NameError::BadCharacter));
        assert!(GroupName::parse(&"語".repeat(1024)).is_ok());
        assert_eq!(GroupName::parse(&"g".repeat(1025)), Err(NameError::TooLong { max: 1024 }));
    }

    #[test]
    fn names_that_paths_and_headers_change_are_refused() {
        for name in [".", ".."] {
            assert_eq!(UserId::parse(name), Err(NameError::Step));
            assert_eq!(GroupName::parse(name), Err(NameError::Step));
        }
        for name in [" a", "a ", "\u{a0}a", "a\u{3000}", "\u{feff}a", " .."] {
            assert_eq!(UserId::parse(name), Err(NameError::OuterSpace), "{name:?}");
            assert_eq!(GroupName::parse(name), Err(NameError::OuterSpace), "{name:?}");
        }
    }

    #[test]
    fn long_names_are_keyed_by_a_digest_no_short_name_can_have() {
        for name in ["g".repeat(257), "語".repeat(1024)] {
            let keyed = GroupName::parse(&name).unwrap().keyed();
            assert!(keyed.as_str().len() > KEYED_AS_IS_BYTES, "{}", keyed.as_str().len());
            assert!(keyed.as_str().len() <= 261);
            assert_eq!(keyed.name(), None);
        }
        let twins = ["a".repeat(300) + "x", "a".repeat(300) + "y"];
        let [one, other] = twins.map(|name| GroupName::parse(&name).unwrap().keyed());
        assert_ne!(one, other);
    }

    #[test]
    fn the_id_of_a_line_is_no_socket_s() {
        let connection = ConnectionId::line("paCBVG51-hc78YdltYYL6A").unwrap();
        let line = SocketId::of_line(&connection).unwrap();
        assert_eq!(line.as_str(), "~paCBVG51-hc78YdltYYL6A");
        assert!(line.is_line() && ConnectionId::from(&line) == connection);
        let plain = ConnectionId::parse("paCBVG51-hc78YdltYYL6A").unwrap();
        assert_eq!(SocketId::of_line(&plain), None);
        assert!(!SocketId::parse("L0SM9cOFvHcCIhw=").unwrap().is_line());
    }

    #[test]
    fn a_connection_token_names_its_connection() {
        assert_eq!(ConnectionId::parse("abc.signature").unwrap().as_str(), "abc");
        assert_eq!(ConnectionId::parse(".signature"), Err(NameError::Empty));
        assert_eq!(ConnectionId::parse("abc.sig nature"), Err(NameError::BadCharacter));
    }
}
