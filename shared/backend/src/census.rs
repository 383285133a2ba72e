//! How many there are.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;

use super::{Cursor, Roster};
use hubcast_model::audience::Audience;
use hubcast_model::channel::Member;
use hubcast_model::id::{KeyedName, UserId};
use hubcast_model::ports::{ChannelStore, ShardStore, SocketStore, StoreError};
use hubcast_model::time::Clock;

/// How many rows are in memory at once, at the most.
const COUNTED_AT_ONCE: usize = 1000;

/// How many connections and users an audience has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Connections, anonymous ones included.
    pub connections: usize,
    /// Users who have one of them.
    pub users: usize,
}

/// Counts of a hub. Rows are read page by page, and only the counts are kept.
#[derive(Debug)]
pub struct Census<'a, S, C> {
    roster: Roster<'a, S, C>,
}

impl<'a, S, C> Census<'a, S, C> {
    /// Counts of a roster's hub.
    pub const fn new(roster: Roster<'a, S, C>) -> Self {
        Self { roster }
    }
}

impl<S: ChannelStore + ShardStore, C: Clock> Census<'_, S, C> {
    /// How many an audience has. Of each user only a number is kept.
    pub async fn count(&self, audience: &Audience) -> Result<Count, StoreError> {
        let (mut connections, mut users) = (0, HashSet::new());
        let numbers = RandomState::new();
        let mut cursor = Some(Cursor::default());
        while let Some(start) = cursor {
            let page = self.roster.page(audience, start, COUNTED_AT_ONCE).await?;
            connections += page.items.len();
            let named = page.items.into_iter().filter_map(|member| member.user);
            users.extend(named.map(|user| numbers.hash_one(user.as_str())));
            cursor = page.next;
        }
        Ok(Count { connections, users: users.len() })
    }

    /// Every user of the hub with how many connections each has; `None` counts the anonymous ones.
    pub async fn by_user(&self) -> Result<BTreeMap<Option<UserId>, usize>, StoreError> {
        let (mut users, mut cursor) = (BTreeMap::new(), Some(Cursor::default()));
        while let Some(start) = cursor {
            let page = self.roster.page(&Audience::Hub, start, COUNTED_AT_ONCE).await?;
            for Member { user, .. } in page.items {
                *users.entry(user).or_default() += 1;
            }
            cursor = page.next;
        }
        Ok(users)
    }
}

impl<S: ChannelStore + ShardStore + SocketStore, C: Clock> Census<'_, S, C> {
    /// Every group of the hub with how many connections it has, by the records of all connections:
    /// there is no list of groups. Long names are cut as they are in keys.
    pub async fn by_group(&self) -> Result<BTreeMap<KeyedName, usize>, StoreError> {
        let (mut groups, mut cursor) = (BTreeMap::new(), Some(Cursor::default()));
        while let Some(start) = cursor {
            let page = self.roster.page(&Audience::Hub, start, COUNTED_AT_ONCE).await?;
            for socket in self.roster.records(&page.items).await?.into_iter().flatten() {
                for group in socket.groups() {
                    *groups.entry(group).or_default() += 1;
                }
            }
            cursor = page.next;
        }
        Ok(groups)
    }
}
