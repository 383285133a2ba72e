//! Message groups: what keeps its order on a queue.

use std::fmt;

use crate::audience::Audience;
use crate::id::{ConnectionId, GroupName, HubName, UserId};

/// The message group of a message on one of hubcast's queues. Messages of one group stay in order.
///
/// All producers make a group from the audience, by the functions here. So a message, a close and a
/// removal for the same audience stay in order, whoever enqueues them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageGroup(String);

impl MessageGroup {
    /// The group of what an audience gets: `{hub}:user:{id}`, for example. Of several users or
    /// groups the first one counts; for nobody it is the group of the hub.
    pub fn of(hub: &HubName, audience: &Audience) -> Self {
        match audience {
            Audience::Connection(connection) => Self::of_connection(hub, connection),
            Audience::Users(users) => Self::of_users(hub, users),
            Audience::Groups(groups) => {
                groups.first().map_or_else(|| Self::of_hub(hub), |group| Self::of_group(hub, group))
            }
            Audience::Hub => Self::of_hub(hub),
        }
    }

    /// The group of what one connection gets, and of what backends hear of the connection.
    pub fn of_connection(hub: &HubName, connection: &ConnectionId) -> Self {
        Self(format!("{hub}:connection:{connection}"))
    }

    /// The group of what backends are still to hear of a connection, after they did not take it.
    pub fn of_later_events(hub: &HubName, connection: &ConnectionId) -> Self {
        Self(format!("{hub}:later:{connection}"))
    }

    /// The group of what users get: that of the first one.
    pub fn of_users(hub: &HubName, users: &[UserId]) -> Self {
        users.first().map_or_else(|| Self::of_hub(hub), |user| Self(format!("{hub}:user:{user}")))
    }

    /// The group of what a group of connections gets.
    pub fn of_group(hub: &HubName, group: &GroupName) -> Self {
        Self(format!("{hub}:group:{group}"))
    }

    fn of_hub(hub: &HubName) -> Self {
        Self(format!("{hub}:hub"))
    }

    /// A group that a sender named.
    pub const fn named(name: String) -> Self {
        Self(name)
    }

    /// The group as text, of any length and in any characters; SQS takes less.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for MessageGroup {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for MessageGroup {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_groups_are_those_of_the_examples() {
        let hub = HubName::parse("Chat").unwrap();
        let user = |name| UserId::parse(name).unwrap();
        let group = |name| GroupName::parse(name).unwrap();
        for (audience, expected) in [
            (Audience::user(user("alice")), "chat:user:alice"),
            (Audience::Users(vec![user("alice"), user("bob")]), "chat:user:alice"),
            (Audience::Users(vec![]), "chat:hub"),
            (Audience::group(group("admins")), "chat:group:admins"),
            (Audience::Groups(vec![group("a"), group("b")]), "chat:group:a"),
            (Audience::Groups(vec![]), "chat:hub"),
            (Audience::Connection(ConnectionId::parse("c1").unwrap()), "chat:connection:c1"),
            (Audience::Hub, "chat:hub"),
        ] {
            assert_eq!(MessageGroup::of(&hub, &audience), expected, "{audience:?}");
        }
    }
}
