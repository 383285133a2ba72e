//! The users of a hub and the groups of a user, page by page.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Cursor, ListPage, Roster};
use hubcast_model::access::Standing;
use hubcast_model::audience::Audience;
use hubcast_model::channel::{ChannelKey, Member};
use hubcast_model::id::{HexDigest, KeyedName, SocketId, UserId};
use hubcast_model::ports::{ChannelStore, MembershipStore, ShardStore, StoreError};
use hubcast_model::time::Clock;

/// How many reads are under way at once.
const READS_AT_ONCE: usize = 16;

/// The users and the groups of a hub.
#[derive(Debug)]
pub struct Lists<'a, S, C> {
    roster: Roster<'a, S, C>,
}

impl<'a, S, C> Lists<'a, S, C> {
    pub(crate) const fn new(roster: Roster<'a, S, C>) -> Self {
        Self { roster }
    }
}

impl<S: ChannelStore + ShardStore, C: Clock> Lists<'_, S, C> {
    /// Users who have a connection, from a cursor on; a page has at most `most`, and may have
    /// fewer though others follow.
    pub async fn users(&self, start: Cursor, most: usize) -> Result<ListPage<UserId>, StoreError> {
        let page = self.roster.page(&Audience::Hub, start, most).await?;
        let mut checks = Vec::with_capacity(page.items.len());
        for member in page.items {
            checks.push(self.user_listed_by(member));
        }
        let users: Vec<Option<UserId>> =
            stream::iter(checks).buffered(READS_AT_ONCE).try_collect().await?;
        Ok(ListPage { items: users.into_iter().flatten().collect(), next: page.next })
    }

    /// The user of a member, if this socket is the one among the user's that puts the name on the
    /// list: so every name is there once, on whichever pages the user's sockets are.
    async fn user_listed_by(&self, member: Member) -> Result<Option<UserId>, StoreError> {
        let Some(user) = member.user else {
            return Ok(None);
        };
        let first = self.roster.first_member(&ChannelKey::user(self.roster.hub, &user)).await?;
        Ok(first.filter(|first| first.socket == member.socket).map(|_| user))
    }
}

impl<S: MembershipStore, C: Clock> Lists<'_, S, C> {
    /// At most `most` groups of a user, from a cursor on: those of the user's memberships. What
    /// single connections are in does not count. The groups are in the order of their digests, by
    /// which a cursor names them.
    pub async fn groups(
        &self,
        user: &UserId,
        start: &Cursor,
        most: usize,
    ) -> Result<ListPage<KeyedName>, StoreError> {
        let is_after =
            |digest: &str| start.after.as_ref().is_none_or(|after| digest > after.as_str());
        let groups = self.groups_of(user).await?.into_iter();
        let by_digest = groups.map(|group| (format!("{:x}", HexDigest(group.as_str())), group));
        let mut left: Vec<_> = by_digest.filter(|(digest, _)| is_after(digest)).collect();
        left.sort();
        let is_last = left.len() <= most;
        left.truncate(most);
        let last = left.last().filter(|_| !is_last);
        let after = last.and_then(|(digest, _)| SocketId::parse(digest).ok());
        let next = after.map(|after| Cursor { shard: 0, after: Some(after) });
        Ok(ListPage { items: left.into_iter().map(|(_, group)| group).collect(), next })
    }

    async fn groups_of(&self, user: &UserId) -> Result<BTreeSet<KeyedName>, StoreError> {
        let table = self.roster.table;
        let rows = table.store.memberships(self.roster.hub, user, table.clock.now()).await?;
        let members = rows.into_iter().filter(|row| row.standing == Standing::Member);
        Ok(members.map(|row| row.group).collect())
    }
}
