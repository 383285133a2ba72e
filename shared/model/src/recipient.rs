//! Who something is for, and what it must stay in order with.

use crate::id::{ConnectionId, GroupName, HubName, UserId};

/// Who something is for: one audience, named by a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// One connection.
    Connection(ConnectionId),
    /// Every connection of a user.
    User(UserId),
    /// Every connection in a group.
    Group(GroupName),
    /// Every connection of the hub.
    Hub,
}

impl Recipient {
    /// The message group of what is sent here: all who produce agree on it, so that a message, a
    /// close and a removal stay in order whoever enqueues them.
    pub fn message_group(&self, hub: &HubName) -> String {
        match self {
            Self::Connection(connection) => format!("{hub}:connection:{connection}"),
            Self::User(user) => format!("{hub}:user:{user}"),
            Self::Group(group) => format!("{hub}:group:{group}"),
            Self::Hub => format!("{hub}:hub"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_groups_are_those_of_the_examples() {
        let hub = HubName::parse("Chat").unwrap();
        let user = Recipient::User(UserId::parse("alice").unwrap());
        let group = Recipient::Group(GroupName::parse("admins").unwrap());
        let connection = Recipient::Connection(ConnectionId::parse("c1").unwrap());
        let groups = [user, group, connection, Recipient::Hub].map(|one| one.message_group(&hub));
        assert_eq!(
            groups,
            ["chat:user:alice", "chat:group:admins", "chat:connection:c1", "chat:hub"]
        );
    }
}
