//! Who is connected, as the table has it.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use hubcast_aws::store::DynamoStore;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::{ChannelKey, Member, ShardCounts};
use hubcast_model::id::{GroupName, HubName, KeyedName, SocketId, UserId};
use hubcast_model::ports::{ChannelStore, Consistency, PageQuery, SocketStore, StoreError};
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, SystemClock};

use crate::deployment::Deployment;
use crate::failure::Failure;

/// How many records are read at once.
const READS: usize = 32;

/// Whose connections.
#[derive(Debug, Clone)]
pub(crate) enum Whose {
    /// Everybody's on the hub.
    Hub,
    /// A user's.
    User(UserId),
    /// Those in a group.
    Group(GroupName),
}

/// The connections of a hub.
#[derive(Debug)]
pub(crate) struct Roster {
    store: DynamoStore,
    hub: HubName,
    shards: ShardCounts,
}

impl Roster {
    /// The connections of the deployment's hub.
    pub(crate) async fn open(deployment: &Deployment) -> Result<Self, Failure> {
        let store = deployment.store().await?;
        let shards = Shards::new(ShardCounts::default()).for_reading(&store).await?;
        Ok(Self { store, hub: deployment.hub().clone(), shards })
    }

    /// Their pages. A connection of several channels comes once for each.
    pub(crate) fn pages(&self, whose: &Whose) -> Pages<'_> {
        let keys = match whose {
            Whose::Hub => self.shards.hub_keys(&self.hub),
            Whose::User(user) => vec![ChannelKey::user(&self.hub, user)],
            Whose::Group(group) => self.shards.group_keys(&self.hub, group),
        };
        Pages { roster: self, keys, after: None }
    }

    /// How many there are.
    pub(crate) async fn count(&self, whose: &Whose) -> Result<usize, Failure> {
        let (mut pages, mut count) = (self.pages(whose), 0);
        while let Some(page) = pages.next().await? {
            count += page.len();
        }
        Ok(count)
    }

    /// Every user with how many connections each has; nobody in particular is `None`.
    pub(crate) async fn users(&self) -> Result<BTreeMap<Option<UserId>, usize>, Failure> {
        let (mut pages, mut users) = (self.pages(&Whose::Hub), BTreeMap::new());
        while let Some(page) = pages.next().await? {
            for member in page {
                *users.entry(member.user).or_default() += 1;
            }
        }
        Ok(users)
    }

    /// Every group with how many connections it has, from the records of the connections: there is
    /// no list of groups. Long names are cut as they are in keys.
    pub(crate) async fn groups(&self) -> Result<BTreeMap<KeyedName, usize>, Failure> {
        let (mut pages, mut groups) = (self.pages(&Whose::Hub), BTreeMap::new());
        while let Some(page) = pages.next().await? {
            for socket in self.records(&page).await?.into_iter().flatten() {
                for group in groups_of(&socket) {
                    *groups.entry(group).or_default() += 1;
                }
            }
        }
        Ok(groups)
    }

    /// The records of members; none for those that have gone meanwhile.
    pub(crate) async fn records(&self, members: &[Member]) -> Result<Vec<Option<Socket>>, Failure> {
        let reads =
            members.iter().map(|member| self.store.socket(&member.socket, Consistency::Eventual));
        Ok(stream::iter(reads).buffered(READS).try_collect().await?)
    }
}

/// The groups that a connection is in.
pub(crate) fn groups_of(socket: &Socket) -> impl Iterator<Item = KeyedName> {
    socket.channels.iter().filter_map(ChannelKey::group_of)
}

/// The pages of some channels, one after the other.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    roster: &'a Roster,
    keys: Vec<ChannelKey>,
    after: Option<SocketId>,
}

impl Pages<'_> {
    /// The next page, perhaps an empty one; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Member>>, StoreError> {
        let Some(key) = self.keys.first() else {
            return Ok(None);
        };
        let query = PageQuery {
            key,
            consistency: Consistency::Eventual,
            now: SystemClock.now(),
            after: self.after.as_ref(),
            limit: None,
        };
        let page = self.roster.store.members(query).await?;
        self.after = page.next;
        if self.after.is_none() {
            self.keys.remove(0);
        }
        Ok(Some(page.members))
    }
}
