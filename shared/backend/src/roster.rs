//! Who is there.
//!
//! Whoever names a connection, users or groups is answered what is true now. A
//! hub is read as it was a moment ago, at half the price. Channels are read
//! page by page while connections come and go, so what they hold was true of
//! each member at some moment of it.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Table;
use hubcast_membership::lookup;
use hubcast_model::audience::Audience;
use hubcast_model::channel::{ChannelKey, Member};
use hubcast_model::id::{ConnectionId, HubName, SocketId, UserId};
use hubcast_model::ports::{
    ChannelStore, Consistency, Page, PageQuery, ShardStore, SocketStore, StoreError,
};
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

/// How many rows are looked at to find out whether there is one.
const FIRST_ROWS: usize = 4;
/// How many records of sockets are read at once.
const READS_AT_ONCE: usize = 16;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    /// In which of the audience's channels, counted from zero.
    pub shard: u16,
    /// After which socket, or which group by its digest; at the start when `None`.
    pub after: Option<SocketId>,
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page starts, unless this was the last.
    pub next: Option<Cursor>,
}

/// The connections of a hub.
#[derive(Debug)]
pub struct Roster<'a, S, C> {
    pub(crate) table: &'a Table<S, C>,
    pub(crate) hub: &'a HubName,
}

impl<'a, S, C> Roster<'a, S, C> {
    /// The connections of a hub, by this table.
    pub const fn new(table: &'a Table<S, C>, hub: &'a HubName) -> Self {
        Self { table, hub }
    }
}

impl<S: ChannelStore, C: Clock> Roster<'_, S, C> {
    /// The first member of a channel that has not expired.
    pub(crate) async fn first_member(
        &self,
        key: &ChannelKey,
    ) -> Result<Option<Member>, StoreError> {
        let mut after = None;
        loop {
            let query = PageQuery {
                key,
                consistency: Consistency::Strong,
                now: self.table.clock.now(),
                after: after.as_ref(),
                limit: Some(FIRST_ROWS),
            };
            let page = self.table.store.members(query).await?;
            let first = page.members.into_iter().next();
            match page.next {
                Some(next) if first.is_none() => after = Some(next),
                _ => return Ok(first),
            }
        }
    }
}

impl<S: ChannelStore + SocketStore, C: Clock> Roster<'_, S, C> {
    /// A connection that can hear, if there is one of this id.
    pub async fn connection(
        &self,
        connection: &ConnectionId,
    ) -> Result<Option<Member>, StoreError> {
        let key = ChannelKey::connection(self.hub, connection);
        match self.first_member(&key).await? {
            None => {
                let now = self.table.clock.now();
                lookup::unclaimed_member(&self.table.store, self.hub, connection, now).await
            }
            found => Ok(found),
        }
    }

    /// The records of members, in their order; `None` for those that have gone meanwhile.
    pub async fn records(&self, members: &[Member]) -> Result<Vec<Option<Socket>>, StoreError> {
        let mut reads = Vec::with_capacity(members.len());
        for member in members {
            reads.push(self.table.store.socket(&member.socket, Consistency::Strong));
        }
        stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await
    }

    /// The record of a connection, if it can be put into something.
    pub(crate) async fn socket_of(
        &self,
        connection: &ConnectionId,
    ) -> Result<Option<Socket>, StoreError> {
        match self.connection(connection).await? {
            Some(member) => self.table.store.socket(&member.socket, Consistency::Strong).await,
            None => Ok(None),
        }
    }

    /// The records of a user's sockets.
    pub(crate) async fn sockets_of(&self, user: &UserId) -> Result<Vec<Socket>, StoreError> {
        let (key, now) = (ChannelKey::user(self.hub, user), self.table.clock.now());
        let members = lookup::all_members(&self.table.store, &key, usize::MAX, now).await?;
        let records = self.records(&members.unwrap_or_default()).await?;
        Ok(records.into_iter().flatten().collect())
    }
}

impl<S: ChannelStore + ShardStore, C: Clock> Roster<'_, S, C> {
    /// At most `most` connections of an audience, from a cursor on. A connection that is in several
    /// of the audience's channels comes once for each.
    pub async fn page(
        &self,
        audience: &Audience,
        start: Cursor,
        most: usize,
    ) -> Result<ListPage<Member>, StoreError> {
        let keys = self.channels(audience).await?;
        let mut items = Vec::new();
        let mut cursor = start;
        while let Some(key) = keys.get(usize::from(cursor.shard)) {
            let left = most - items.len();
            if left == 0 {
                return Ok(ListPage { items, next: Some(cursor) });
            }
            let query = PageQuery {
                key,
                consistency: consistency(audience),
                now: self.table.clock.now(),
                after: cursor.after.as_ref(),
                limit: Some(left),
            };
            let page = self.table.store.members(query).await?;
            items.extend(page.members);
            cursor = match page.next {
                Some(next) => Cursor { after: Some(next), ..cursor },
                None => Cursor { shard: cursor.shard.saturating_add(1), after: None },
            };
        }
        Ok(ListPage { items, next: None })
    }

    /// Every channel of an audience.
    async fn channels(&self, audience: &Audience) -> Result<Vec<ChannelKey>, StoreError> {
        let (hub, counts) = (self.hub, self.table.shards.for_reading(&self.table.store).await?);
        Ok(match audience {
            Audience::Connection(connection) => vec![ChannelKey::connection(hub, connection)],
            Audience::Users(users) => {
                users.iter().map(|user| ChannelKey::user(hub, user)).collect()
            }
            Audience::Groups(groups) => {
                groups.iter().flat_map(|group| counts.group_keys(hub, group)).collect()
            }
            Audience::Hub => counts.hub_keys(hub),
        })
    }
}

impl<S: ChannelStore + ShardStore, C: Clock> Roster<'_, S, C> {
    /// How many connections of the hub outlive their sockets; once more than `most` are found, how
    /// many were found.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn lines(&self, most: usize) -> Result<usize, StoreError> {
        let mut found = 0;
        for key in self.channels(&Audience::Hub).await? {
            let mut after = SocketId::before_lines();
            while found <= most {
                let page = self.page_after(&key, &after, most).await?;
                found += page.members.len();
                match page.next {
                    Some(next) => after = next,
                    None => break,
                }
            }
        }
        Ok(found)
    }

    async fn page_after(
        &self,
        key: &ChannelKey,
        after: &SocketId,
        most: usize,
    ) -> Result<Page, StoreError> {
        let (consistency, now) = (Consistency::Eventual, self.table.clock.now());
        let limit = most.checked_add(1);
        self.table
            .store
            .members(PageQuery { key, consistency, now, after: Some(after), limit })
            .await
    }
}

impl<S: ChannelStore + ShardStore + SocketStore, C: Clock> Roster<'_, S, C> {
    /// Whether an audience has a connection that can hear.
    pub async fn has_any(&self, audience: &Audience) -> Result<bool, StoreError> {
        if let Audience::Connection(connection) = audience {
            return Ok(self.connection(connection).await?.is_some());
        }
        for key in self.channels(audience).await? {
            if self.first_member(&key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

const fn consistency(audience: &Audience) -> Consistency {
    match audience {
        Audience::Connection(_) | Audience::Users(_) | Audience::Groups(_) => Consistency::Strong,
        Audience::Hub => Consistency::Eventual,
    }
}
