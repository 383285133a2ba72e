//! What is there for those who come later: boards with retained values, and inboxes.
//!
//! A board is where a channel's retained values hang, the last one of each key;
//! whoever comes into the channel gets them. An inbox is where a user's messages
//! wait that found none of the user's sockets.

use std::collections::BTreeSet;
use std::fmt;

use crate::audience::Audience;
use crate::id::{HubName, KeyedName, NameError, SocketId, UserId};
use crate::time::Timestamp;

/// The longest key of a retained value, in characters.
pub const KEY_MAX_CHARS: usize = 128;
/// The most keys of one board.
pub const KEYS_MAX: usize = 32;
/// The most messages that wait in one inbox.
pub const INBOX_MAX: usize = 100;
/// The most that the messages of one inbox take together, in bytes.
pub const INBOX_MAX_BYTES: usize = 1024 * 1024;

/// Where an element stands in its queue.
///
/// Within one message group positions grow as SQS took the messages; those of different groups
/// are in no order that is promised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueuePosition {
    /// The sequence number and the place of the element, each with leading zeros.
    position: String,
    /// The message group.
    group: String,
}

/// The digits of a position's two parts. An SQS sequence number has 128 bits.
const SEQUENCE_DIGITS: usize = 39;
const ELEMENT_DIGITS: usize = 3;
const POSITION_LENGTH: usize = SEQUENCE_DIGITS + 1 + ELEMENT_DIGITS;

impl QueuePosition {
    /// The position of the element at `at` in a message with this sequence number.
    pub fn new(group: &str, sequence: &str, at: usize) -> Self {
        let is_number = sequence.bytes().all(|byte| byte.is_ascii_digit());
        let is_good = is_number && sequence.len() <= SEQUENCE_DIGITS;
        let sequence = if is_good { sequence } else { "" };
        let position = format!("{sequence:0>SEQUENCE_DIGITS$}#{at:0>ELEMENT_DIGITS$}");
        Self { position, group: group.to_owned() }
    }

    /// Reads a position back; `None` for a text that is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (position, group) = text.split_at_checked(POSITION_LENGTH)?;
        let group = group.strip_prefix('#')?.to_owned();
        Some(Self { position: position.to_owned(), group })
    }

    /// The part that grows within the message group, compared as text.
    pub fn position(&self) -> &str {
        &self.position
    }

    /// The message group.
    pub fn group(&self) -> &str {
        &self.group
    }
}

impl fmt::Display for QueuePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.position, self.group)
    }
}

/// Where a message stands that a line left and that is sent once more.
///
/// Its former place tells nothing about a line that came later and may have had what followed. So
/// such a line knows the message by its place among what was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftPlace {
    /// Where the message stood in its queue. Inboxes know it by this.
    pub former: QueuePosition,
    /// Where it stands among what its line left. Lines know it by this.
    pub among_left: QueuePosition,
}

impl LeftPlace {
    /// The place of a message that stood at `former`, and is number `number`, from 0, of what `line`
    /// left.
    pub fn new(line: &SocketId, number: usize, former: QueuePosition) -> Self {
        // No queue takes the space in the name of a message group.
        let group = format!("left {line}");
        Self { former, among_left: QueuePosition::new(&group, &(number + 1).to_string(), 0) }
    }
}

/// Whose inbox gets a message whose connection ends before the client has taken the message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kept {
    /// The hub.
    pub hub: HubName,
    /// The user.
    pub user: UserId,
    /// Where the message stands in its queue.
    pub position: QueuePosition,
    /// Until when the message is of use.
    pub until: Timestamp,
}

/// Where a record comes from. Connections that outlive their sockets ask for this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// Where the record's element stands in its queue; `None` when the record comes from no queue.
    pub position: Option<QueuePosition>,
    /// What becomes of the record if its client does not take it; `None` for nothing.
    pub kept: Option<Kept>,
}

/// The key of a retained value: the last value of a key counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetainedKey(String);

impl RetainedKey {
    /// Reads a key of 1 to [`KEY_MAX_CHARS`] characters.
    ///
    /// # Errors
    /// When it is empty, too long, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        if text.chars().nth(KEY_MAX_CHARS).is_some() {
            return Err(NameError::TooLong { max: KEY_MAX_CHARS });
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::BadCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where retained values hang: the board of a hub, a user or a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Board {
    /// The board of everybody on a hub.
    Hub(HubName),
    /// The board of a user.
    User {
        /// The hub.
        hub: HubName,
        /// The user, as keys hold the name.
        user: KeyedName,
    },
    /// The board of a group.
    Group {
        /// The hub.
        hub: HubName,
        /// The group, as keys hold the name.
        group: KeyedName,
    },
}

impl Board {
    /// The boards on which a value for an audience hangs. A connection has none.
    pub fn of(hub: &HubName, audience: &Audience) -> Vec<Self> {
        match audience {
            Audience::Connection(_) => Vec::new(),
            Audience::Users(users) => {
                users.iter().map(|user| Self::of_user(hub, user.keyed())).collect()
            }
            Audience::Groups(groups) => {
                groups.iter().map(|group| Self::of_group(hub, group.keyed())).collect()
            }
            Audience::Hub => vec![Self::Hub(hub.clone())],
        }
    }

    /// The board of a user.
    pub fn of_user(hub: &HubName, user: KeyedName) -> Self {
        Self::User { hub: hub.clone(), user }
    }

    /// The board of a group.
    pub fn of_group(hub: &HubName, group: KeyedName) -> Self {
        Self::Group { hub: hub.clone(), group }
    }

    /// The hub.
    pub const fn hub(&self) -> &HubName {
        match self {
            Self::Hub(hub) | Self::User { hub, .. } | Self::Group { hub, .. } => hub,
        }
    }

    /// What has to be in use on the hub for anything to hang there.
    pub const fn kind(&self) -> Use {
        match self {
            Self::Hub(_) => Use::HubBoard,
            Self::User { .. } => Use::UserBoards,
            Self::Group { .. } => Use::GroupBoards,
        }
    }
}

/// The last value of one key, or that it was taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedValue {
    /// The key of the value.
    pub key: RetainedKey,
    /// The position of the element that said so.
    pub position: QueuePosition,
    /// The record that a client gets; `None` when the value was taken down.
    pub record: Option<String>,
    /// When the value stops counting.
    pub expires: Timestamp,
}

impl RetainedValue {
    /// Whether this may stand where `other` stood: not if it is older. Of two message groups
    /// nobody knows which is older, so the one that comes last counts.
    pub fn replaces(&self, other: &Self) -> bool {
        self.position.group != other.position.group
            || self.position.position >= other.position.position
    }
}

/// A message that waits in an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxMessage {
    /// The position of its element; messages are delivered in the order of positions.
    pub position: QueuePosition,
    /// The progress key of its element, by which the log tells of it; empty when it is not known.
    pub progress_key: String,
    /// The record that the client gets.
    pub record: String,
    /// Until when the message waits.
    pub expires: Timestamp,
}

/// The inbox of a user on a hub.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inbox {
    /// The hub.
    pub hub: HubName,
    /// The user, as keys hold the name.
    pub user: KeyedName,
}

impl Inbox {
    /// The inbox of a user.
    pub fn of(hub: &HubName, user: &UserId) -> Self {
        Self { hub: hub.clone(), user: user.keyed() }
    }
}

/// What may be used on a hub, and costs those who come a look only once it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Values retained for the whole hub.
    HubBoard,
    /// Values retained for users.
    UserBoards,
    /// Values retained for groups.
    GroupBoards,
    /// Inboxes.
    Inboxes,
}

impl Use {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::HubBoard, Self::UserBoards, Self::GroupBoards, Self::Inboxes];
}

/// What is in use on a hub, or ever was.
pub type Uses = BTreeSet<Use>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_a_message_group_are_in_the_order_of_the_queue() {
        let positions = [
            QueuePosition::new("g", "", 0),
            QueuePosition::new("g", "9", 0),
            QueuePosition::new("g", "10", 0),
            QueuePosition::new("g", "10", 2),
            QueuePosition::new("g", "10", 11),
            QueuePosition::new("g", "18849496460467696128", 0),
            QueuePosition::new("g", "340282366920938463463374607431768211455", 99),
        ];
        assert!(positions.is_sorted());
        for position in positions {
            assert_eq!(QueuePosition::parse(&position.to_string()), Some(position));
        }
    }

    #[test]
    fn a_position_reads_back_whatever_its_group_is_called() {
        for group in ["", "n:user:älice", "a#b#"] {
            let position = QueuePosition::new(group, "7", 1);
            assert_eq!(QueuePosition::parse(&position.to_string()), Some(position));
        }
        assert_eq!(QueuePosition::parse("HEAD"), None);
    }

    #[test]
    fn an_older_value_of_the_same_message_group_replaces_nothing() {
        let at = |group: &str, sequence: &str| RetainedValue {
            key: RetainedKey::parse("k").unwrap(),
            position: QueuePosition::new(group, sequence, 0),
            record: None,
            expires: Timestamp::FOREVER,
        };
        assert!(at("g", "10").replaces(&at("g", "9")));
        assert!(at("g", "9").replaces(&at("g", "9")), "a second try");
        assert!(!at("g", "9").replaces(&at("g", "10")));
        assert!(at("h", "9").replaces(&at("g", "10")));
    }

    #[test]
    fn keys_are_short_names() {
        assert_eq!(RetainedKey::parse(" "), Err(NameError::Empty));
        assert_eq!(RetainedKey::parse("a\nb"), Err(NameError::BadCharacter));
        assert!(RetainedKey::parse(&"語".repeat(128)).is_ok());
        assert_eq!(RetainedKey::parse(&"k".repeat(129)), Err(NameError::TooLong { max: 128 }));
    }
}
