//! Who something is for.

use crate::id::{ConnectionId, GroupName, UserId};

/// Who something is for: whom a message reaches, whom an action changes, who is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// One connection.
    Connection(ConnectionId),
    /// Every connection of any of these users; nobody when the list is empty.
    Users(Vec<UserId>),
    /// Every connection in any of these groups; nobody when the list is empty.
    Groups(Vec<GroupName>),
    /// Every connection of the hub.
    Hub,
}

impl Audience {
    /// Every connection of one user.
    pub fn user(user: UserId) -> Self {
        Self::Users(vec![user])
    }

    /// Every connection in one group.
    pub fn group(group: GroupName) -> Self {
        Self::Groups(vec![group])
    }

    /// In one word, which kind of audience it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Connection(_) => "connection",
            Self::Users(users) if users.len() == 1 => "user",
            Self::Users(_) => "users",
            Self::Groups(groups) if groups.len() == 1 => "group",
            Self::Groups(_) => "groups",
            Self::Hub => "hub",
        }
    }
}
