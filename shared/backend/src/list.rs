//! Lists and counts.
//!
//! They are read page by page while connections come and go, so a list is what
//! was true of each member at some moment of it.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasher;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Backend, BackendError};
use hubcast_model::access::Standing;
use hubcast_model::channel::{ChannelKey, Member};
use hubcast_model::id::{HexDigest, HubName, KeyedName, SocketId, UserId};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, Consistency, GrantStore,
    InboxStore, MembershipStore, NotificationSender, PageQuery, PendingStore, SessionStore,
    ShardStore, SocketStore, StoreError, UsageStore,
};
use hubcast_model::recipient::Recipient;
use hubcast_model::time::Clock;

/// How many reads are under way at once.
const READS_AT_ONCE: usize = 16;

/// How many rows of a count are in memory at once, at the most.
const COUNTED_AT_ONCE: usize = 1000;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    /// In which of the channel's shards.
    pub shard: u16,
    /// After which socket, or which group by its digest; at the start when `None`.
    pub after: Option<SocketId>,
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one starts, unless this was the last.
    pub next: Option<Cursor>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Connections, anonymous ones included.
    pub connections: usize,
    /// Users who have one of them.
    pub users: usize,
}

impl<S, Q, C> Backend<S, Q, C>
where
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore,
    Q: NotificationSender,
    C: Clock,
{
    /// At most `most` connections of an audience, from a cursor on.
    pub async fn list_connections(
        &self,
        (hub, recipient): (&HubName, &Recipient),
        start: Cursor,
        most: usize,
    ) -> Result<Listed<Member>, BackendError> {
        let keys = self.channels(hub, recipient).await?;
        let mut items = Vec::new();
        let mut cursor = start;
        while let Some(key) = keys.get(usize::from(cursor.shard)) {
            let left = most - items.len();
            if left == 0 {
                return Ok(Listed { items, next: Some(cursor) });
            }
            let query = PageQuery {
                key,
                consistency: consistency(recipient),
                now: self.clock.now(),
                after: cursor.after.as_ref(),
                limit: Some(left),
            };
            let page = self.store.members(query).await?;
            items.extend(page.members);
            cursor = match page.next {
                Some(next) => Cursor { after: Some(next), ..cursor },
                None => Cursor { shard: cursor.shard.saturating_add(1), after: None },
            };
        }
        Ok(Listed { items, next: None })
    }

    /// Users who have a connection, from a cursor on; a page has at most `most`, and may have
    /// fewer though others follow.
    pub async fn list_users(
        &self,
        hub: &HubName,
        start: Cursor,
        most: usize,
    ) -> Result<Listed<UserId>, BackendError> {
        let page = self.list_connections((hub, &Recipient::Hub), start, most).await?;
        let mut checks = Vec::new();
        for member in page.items {
            if let Some(user) = member.user {
                checks.push(self.listed_by(hub, user, member.socket));
            }
        }
        let users: Vec<Option<UserId>> =
            stream::iter(checks).buffered(READS_AT_ONCE).try_collect().await?;
        Ok(Listed { items: users.into_iter().flatten().collect(), next: page.next })
    }

    /// The user, if this socket is the one among the user's that puts the name on the list: so
    /// every name is there once, on whichever pages the user's sockets are.
    async fn listed_by(
        &self,
        hub: &HubName,
        user: UserId,
        socket: SocketId,
    ) -> Result<Option<UserId>, StoreError> {
        let first = self.first_member(&ChannelKey::user(hub, &user)).await?;
        Ok(first.filter(|first| first.socket == socket).map(|_| user))
    }

    /// At most `most` groups of a user, from a cursor on: the lasting ones, and those that
    /// connections are in. They are in the order of their digests, by which a cursor names them.
    pub async fn list_groups(
        &self,
        (hub, user): (&HubName, &UserId),
        start: &Cursor,
        most: usize,
    ) -> Result<Listed<KeyedName>, BackendError> {
        let is_after =
            |digest: &str| start.after.as_ref().is_none_or(|after| digest > after.as_str());
        let groups = self.groups_of(hub, user).await?.into_iter();
        let by_digest = groups.map(|group| (format!("{:x}", HexDigest(group.as_str())), group));
        let mut left: Vec<_> = by_digest.filter(|(digest, _)| is_after(digest)).collect();
        left.sort();
        let is_last = left.len() <= most;
        left.truncate(most);
        let last = left.last().filter(|_| !is_last);
        let after = last.and_then(|(digest, _)| SocketId::parse(digest).ok());
        let next = after.map(|after| Cursor { shard: 0, after: Some(after) });
        Ok(Listed { items: left.into_iter().map(|(_, group)| group).collect(), next })
    }

    async fn groups_of(
        &self,
        hub: &HubName,
        user: &UserId,
    ) -> Result<BTreeSet<KeyedName>, StoreError> {
        let sockets = self.sockets_of(hub, user).await?;
        let mut groups: BTreeSet<KeyedName> =
            sockets.iter().flat_map(hubcast_model::socket::Socket::groups).collect();
        for row in self.store.memberships(hub, user, self.clock.now()).await? {
            match row.standing {
                Standing::Member => groups.insert(row.group),
                Standing::Denied => groups.remove(&row.group),
            };
        }
        Ok(groups)
    }

    /// How many an audience has. Its rows are read page by page, and nothing is kept of them but a
    /// number for each user.
    pub async fn count(&self, hub: &HubName, recipient: &Recipient) -> Result<Count, BackendError> {
        let (mut connections, mut users) = (0, HashSet::new());
        let numbers = RandomState::new();
        let mut cursor = Some(Cursor::default());
        while let Some(start) = cursor {
            let page = self.list_connections((hub, recipient), start, COUNTED_AT_ONCE).await?;
            connections += page.items.len();
            let named = page.items.into_iter().filter_map(|member| member.user);
            users.extend(named.map(|user| numbers.hash_one(user.as_str())));
            cursor = page.next;
        }
        Ok(Count { connections, users: users.len() })
    }

    /// Every channel of an audience.
    pub(super) async fn channels(
        &self,
        hub: &HubName,
        recipient: &Recipient,
    ) -> Result<Vec<ChannelKey>, StoreError> {
        let counts = self.shards.for_reading(&self.store).await?;
        Ok(match recipient {
            Recipient::Connection(connection) => vec![ChannelKey::connection(hub, connection)],
            Recipient::User(user) => vec![ChannelKey::user(hub, user)],
            Recipient::Group(group) => counts.group_keys(hub, group),
            Recipient::Hub => counts.hub_keys(hub),
        })
    }
}

/// Whoever is named is asked about as they are, a hub as it was a moment ago, at half the price.
const fn consistency(recipient: &Recipient) -> Consistency {
    match recipient {
        Recipient::Connection(_) | Recipient::User(_) | Recipient::Group(_) => Consistency::Strong,
        Recipient::Hub => Consistency::Eventual,
    }
}
