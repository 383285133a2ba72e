//! Channels: the addressable sets of sockets, and the rows that hold them.
//!
//! A channel is a connection, a user, a group or a hub. Its members are rows
//! under one key each; groups and hubs may be sharded by socket so that no one
//! partition takes all connects. A socket's own record names every channel row
//! it has, by full key, so that shard counts can change while it lives.

use std::fmt;
use std::sync::Arc;

use crate::handshake::JOINING_MAX;
use crate::id::{ConnectionId, GroupName, HubName, KeyedName, SocketId, UserId};
use crate::time::Timestamp;

/// The full partition key of a channel row; its sort key is the socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelKey(Arc<str>);

impl ChannelKey {
    /// The channel of one public connection id.
    pub fn connection(hub: &HubName, connection: &ConnectionId) -> Self {
        Self(format!("CONN#{hub}#{connection}").into())
    }

    /// The channel of a user.
    pub fn user(hub: &HubName, user: &UserId) -> Self {
        Self(format!("USER#{hub}#{}", user.keyed()).into())
    }

    /// One shard of a group's channel.
    pub fn group(hub: &HubName, group: &KeyedName, shard: u16) -> Self {
        Self(format!("GROUP#{hub}#{group}#{shard}").into())
    }

    /// One shard of a hub's channel.
    pub fn hub(hub: &HubName, shard: u16) -> Self {
        Self(format!("HUB#{hub}#{shard}").into())
    }

    /// Takes over a key that was read back from the table.
    pub fn from_key(key: &str) -> Self {
        Self(key.into())
    }

    /// The key as the table holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hub of the channel.
    pub fn hub_name(&self) -> Option<HubName> {
        HubName::parse(self.0.split('#').nth(1)?).ok()
    }

    /// The group that this key belongs to; `None` for other channels.
    pub fn group_of(&self) -> Option<KeyedName> {
        // Hub names hold no `#`, and what follows the last one is the shard.
        let (_hub, rest) = self.0.strip_prefix("GROUP#")?.split_once('#')?;
        let (group, _shard) = rest.rsplit_once('#')?;
        Some(KeyedName::from_key(group))
    }
}

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Into how many shards group and hub channels are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardCounts {
    /// Shards of each group's channel; at least 1.
    pub group: u16,
    /// Shards of each hub's channel; at least 1.
    pub hub: u16,
}

impl Default for ShardCounts {
    fn default() -> Self {
        Self { group: 1, hub: 4 }
    }
}

impl ShardCounts {
    /// The larger of the two counts, each for itself.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { group: self.group.max(other.group), hub: self.hub.max(other.hub) }
    }

    /// Where `socket` writes its row of a group.
    pub fn group_key(self, hub: &HubName, group: &KeyedName, socket: &SocketId) -> ChannelKey {
        ChannelKey::group(hub, group, shard_of(socket, self.group))
    }

    /// Where `socket` writes its row of a hub.
    pub fn hub_key(self, hub: &HubName, socket: &SocketId) -> ChannelKey {
        ChannelKey::hub(hub, shard_of(socket, self.hub))
    }

    /// Every shard of a group.
    pub fn group_keys(self, hub: &HubName, group: &GroupName) -> Vec<ChannelKey> {
        let keyed = group.keyed();
        (0..self.group.max(1)).map(|shard| ChannelKey::group(hub, &keyed, shard)).collect()
    }

    /// Every shard of a hub.
    pub fn hub_keys(self, hub: &HubName) -> Vec<ChannelKey> {
        (0..self.hub.max(1)).map(|shard| ChannelKey::hub(hub, shard)).collect()
    }
}

fn shard_of(socket: &SocketId, count: u16) -> u16 {
    u16::try_from(socket.spread() % u64::from(count.max(1))).unwrap_or(0)
}

/// One socket in a channel, as senders see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// Where to post.
    pub socket: SocketId,
    /// What senders exclude by.
    pub connection: ConnectionId,
    /// Whose socket it is; `None` when anonymous.
    pub user: Option<UserId>,
    /// When the socket's handshake began; `None` in rows of versions that did not say so.
    pub handshake_at: Option<Timestamp>,
}

impl Member {
    /// Whether the socket's client may not have the answer to its handshake yet. Only the socket's
    /// record can tell for certain.
    pub fn may_be_joining(&self, now: Timestamp) -> bool {
        self.handshake_at.is_some_and(|began| now.since(began) < JOINING_MAX)
    }
}

/// A channel row to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    /// The channel (and shard).
    pub key: ChannelKey,
    /// The socket in it.
    pub member: Member,
    /// When the row stops counting, whether or not it was deleted by then.
    pub expires: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_keys_give_their_group_back_whatever_its_name() {
        let hub = HubName::parse("n").unwrap();
        for name in ["admins", "a#0", "#", "a#b#7"] {
            let keyed = GroupName::parse(name).unwrap().keyed();
            assert_eq!(ChannelKey::group(&hub, &keyed, 3).group_of(), Some(keyed));
        }
        assert_eq!(ChannelKey::hub(&hub, 0).group_of(), None);
    }

    #[test]
    fn a_socket_is_in_one_of_the_shards_that_readers_read() {
        let hub = HubName::parse("n").unwrap();
        let counts = ShardCounts { group: 3, hub: 4 };
        for n in 0..50 {
            let socket = SocketId::parse(&format!("s{n}=")).unwrap();
            assert!(counts.hub_keys(&hub).contains(&counts.hub_key(&hub, &socket)));
        }
    }
}
