//! Memberships as backends change them.
//!
//! An add is in the table when it is answered. A removal takes channel rows out
//! by the queue, in the message group of the sends to that group, so that what
//! was sent before it still reaches. What a removal in the queue must not undo
//! is kept from it: of users the removal only carries out what the table says
//! of them by then, and the add of a connection follows it through the queue.
//! What is retained for a group is shown by the publisher, to those who are in
//! the group by then.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{BackendError, Roster, Sender};
use hubcast_membership::lasting::{MEMBERSHIP_LIFETIME, move_sockets_until_current};
use hubcast_membership::membership::{Groups, join};
use hubcast_model::access::{Membership, Standing};
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Action, Content};
use hubcast_model::id::{ConnectionId, GroupName, KeyedName, UserId};
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{
    ChannelStore, Consistency, MembershipStore, NotificationSender, ShardStore, SocketStore,
    StoreError, UsageStore,
};
use hubcast_model::retention::Use;
use hubcast_model::time::{Clock, Timestamp};

/// Who is in which groups of a hub.
#[derive(Debug)]
pub struct Memberships<'a, S, Q, C> {
    roster: Roster<'a, S, C>,
    sender: Sender<'a, Q>,
}

impl<'a, S, Q, C> Memberships<'a, S, Q, C> {
    pub(crate) const fn new(roster: Roster<'a, S, C>, sender: Sender<'a, Q>) -> Self {
        Self { roster, sender }
    }
}

/// Connections.
impl<S, Q, C> Memberships<'_, S, Q, C>
where
    S: ChannelStore + ShardStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Puts a connection into a group for as long as it lasts.
    pub async fn add_connection(
        &self,
        group: &GroupName,
        connection: &ConnectionId,
    ) -> Result<(), BackendError> {
        let socket = self.roster.socket_of(connection).await?.ok_or(BackendError::NoConnection)?;
        let table = self.roster.table;
        let counts = table.shards.for_writing(&table.store).await?;
        let groups = Groups::from([(group.keyed(), None)]);
        if !join(&table.store, counts, &socket, &groups).await? {
            return Err(BackendError::NoConnection);
        }
        let (audience, groups) = (Audience::Connection(connection.clone()), vec![group.clone()]);
        self.behind(group, Action::Add { audience, groups, ttl: None }).await
    }

    /// Takes a connection out of a group; one that is not there is no error.
    pub async fn remove_connection(
        &self,
        group: &GroupName,
        connection: &ConnectionId,
    ) -> Result<(), BackendError> {
        let (audience, groups) = (Audience::Connection(connection.clone()), vec![group.clone()]);
        self.behind(group, Action::Remove { audience, groups }).await
    }

    /// Takes a connection out of every group it is in.
    pub async fn remove_connection_from_all(
        &self,
        connection: &ConnectionId,
    ) -> Result<(), BackendError> {
        let Some(socket) = self.roster.socket_of(connection).await? else {
            return Ok(());
        };
        let groups = NamedGroups::of(socket.groups());
        for group in &groups.named {
            self.remove_connection(group, connection).await?;
        }
        if !groups.has_others {
            return Ok(());
        }
        let audience = Audience::Connection(connection.clone());
        // It can only stay in order with what is sent to the connection itself.
        let order = MessageGroup::of_connection(self.roster.hub, connection);
        let action = Content::Action(Action::RemoveAll { audience });
        Ok(self.sender.enqueue(order, action).await?)
    }
}

impl<S, Q: NotificationSender, C> Memberships<'_, S, Q, C> {
    /// Enqueues a change of membership behind what was sent to the group.
    async fn behind(&self, group: &GroupName, action: Action) -> Result<(), BackendError> {
        let order = MessageGroup::of_group(self.roster.hub, group);
        Ok(self.sender.enqueue(order, Content::Action(action)).await?)
    }

    /// Has a user's connections follow the table, for one group or for all.
    async fn settle(&self, user: &UserId, group: Option<&GroupName>) -> Result<(), BackendError> {
        let users = vec![user.clone()];
        let order = match group {
            Some(group) => MessageGroup::of_group(self.roster.hub, group),
            // It can only stay in order with what is sent to the user itself.
            None => MessageGroup::of_users(self.roster.hub, &users),
        };
        let groups = group.map(|group| vec![group.clone()]);
        let action = Content::Action(Action::Settle { users, groups });
        Ok(self.sender.enqueue(order, action).await?)
    }
}

/// Users.
impl<S, Q, C> Memberships<'_, S, Q, C>
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Whether a user is in a group, by a membership of the user. What single connections are in
    /// does not count.
    pub async fn has_user(&self, group: &GroupName, user: &UserId) -> Result<bool, StoreError> {
        let row = self.row_of(user, &group.keyed()).await?;
        Ok(row.is_some_and(|row| row.standing == Standing::Member))
    }

    /// Takes a user out of a group, also when a token names it.
    pub async fn remove_user(&self, group: &GroupName, user: &UserId) -> Result<(), BackendError> {
        self.deny(user, group.keyed()).await?;
        self.settle(user, Some(group)).await
    }

    /// Takes a user out of every group.
    pub async fn remove_user_from_all(&self, user: &UserId) -> Result<(), BackendError> {
        let groups = self.every_group(user).await?;
        for group in &groups {
            self.deny(user, group.clone()).await?;
        }
        let groups = NamedGroups::of(groups);
        for group in &groups.named {
            self.settle(user, Some(group)).await?;
        }
        if groups.has_others { self.settle(user, None).await } else { Ok(()) }
    }

    /// The groups that the table names of a user, denied ones included, and those that connections
    /// are in.
    async fn every_group(&self, user: &UserId) -> Result<BTreeSet<KeyedName>, StoreError> {
        let rows = self.rows_of(user).await?;
        let mut groups: BTreeSet<KeyedName> = rows.into_iter().map(|row| row.group).collect();
        for socket in self.roster.sockets_of(user).await? {
            groups.extend(socket.groups());
        }
        Ok(groups)
    }

    async fn rows_of(&self, user: &UserId) -> Result<Vec<Membership>, StoreError> {
        let table = self.roster.table;
        table.store.memberships(self.roster.hub, user, table.clock.now()).await
    }

    /// What the table says of a user and a group, if anything.
    async fn row_of(
        &self,
        user: &UserId,
        group: &KeyedName,
    ) -> Result<Option<Membership>, StoreError> {
        Ok(self.rows_of(user).await?.into_iter().find(|row| row.group == *group))
    }

    async fn deny(&self, user: &UserId, group: KeyedName) -> Result<(), StoreError> {
        let table = self.roster.table;
        let until = table.clock.now().plus(MEMBERSHIP_LIFETIME);
        let row = membership(group, Standing::Denied, until);
        table.store.put_membership(self.roster.hub, user, &row).await
    }
}

/// Adds of users, which show what is retained.
impl<S, Q, C> Memberships<'_, S, Q, C>
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore + UsageStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Puts a user into a group, on every connection, now and later; with a `ttl` of zero on those
    /// that there are now.
    pub async fn add_user(
        &self,
        group: &GroupName,
        user: &UserId,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        let table = self.roster.table;
        let now = table.clock.now();
        let until = now.plus(ttl.unwrap_or(MEMBERSHIP_LIFETIME));
        let row = membership(group.keyed(), Standing::Member, until);
        let is_lasting = until > now;
        // One that ends as it begins only lifts a denial, which would undo what follows.
        if is_lasting || self.is_denied(user, &row.group).await? {
            table.store.put_membership(self.roster.hub, user, &row).await?;
        }
        let row = Membership { expires: row.expires.filter(|_| is_lasting), ..row };
        if !self.move_sockets(user, row).await? || !self.are_groups_retained().await? {
            return Ok(());
        }
        let (audience, shown) = (Audience::user(user.clone()), group.clone());
        self.behind(group, Action::Show { audience, group: shown }).await
    }

    /// Whether anything may be retained for a group. Read after the sockets were put in: whoever
    /// retains the first value from now on finds them there.
    async fn are_groups_retained(&self) -> Result<bool, StoreError> {
        let uses = self.roster.table.store.uses(self.roster.hub, Consistency::Strong).await?;
        Ok(uses.contains(&Use::GroupBoards))
    }

    async fn is_denied(&self, user: &UserId, group: &KeyedName) -> Result<bool, StoreError> {
        let row = self.row_of(user, group).await?;
        Ok(row.is_some_and(|row| row.standing == Standing::Denied))
    }

    /// Moves the sockets that a user has as a row says; false when there is none.
    async fn move_sockets(&self, user: &UserId, row: Membership) -> Result<bool, StoreError> {
        let table = self.roster.table;
        let counts = table.shards.for_writing(&table.store).await?;
        let sockets = self.roster.sockets_of(user).await?;
        let read = || self.rows_of(user);
        move_sockets_until_current(&table.store, counts, &sockets, &[row], read).await?;
        Ok(!sockets.is_empty())
    }
}

fn membership(group: KeyedName, standing: Standing, until: Timestamp) -> Membership {
    Membership { group, standing, expires: Some(until) }
}

/// Groups by name, as far as their keys tell.
struct NamedGroups {
    named: Vec<GroupName>,
    /// Whether there are others, whose keys hold only a digest of the name.
    has_others: bool,
}

impl NamedGroups {
    fn of(groups: impl IntoIterator<Item = KeyedName>) -> Self {
        let mut of = Self { named: Vec::new(), has_others: false };
        for group in groups {
            match group.name() {
                Some(name) => of.named.push(name),
                None => of.has_others = true,
            }
        }
        of
    }
}
