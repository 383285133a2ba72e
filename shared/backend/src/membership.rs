//! Memberships as backends change them.
//!
//! An add is in the table when it is answered. A removal takes channel rows out
//! by the queue, in the message group of the sends to that group, so that what
//! was sent before it still reaches. What a removal in the queue must not undo
//! is kept from it: of users it only carries out what the table says of them by
//! then, and the add of a connection follows it through the queue. What is retained for a group is
//! shown by the publisher, to those who are in it by then.

use std::collections::BTreeSet;
use std::time::Duration;

use super::envelope::Envelope;
use super::send::Sending;
use super::{Backend, BackendError};
use hubcast_membership::lasting::{MEMBERSHIP_LIFETIME, move_sockets_until_current};
use hubcast_membership::membership::{Groups, join};
use hubcast_model::access::{Membership, Standing};
use hubcast_model::id::{ConnectionId, GroupName, HubName, KeyedName, UserId};
use hubcast_model::later::Use;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, Consistency, GrantStore,
    InboxStore, MembershipStore, NotificationSender, PendingStore, SessionStore, ShardStore,
    SocketStore, StoreError, UsageStore,
};
use hubcast_model::recipient::Recipient;
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, Timestamp};

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
    /// Puts a connection into a group for as long as it lasts.
    pub async fn add_connection(
        &self,
        hub: &HubName,
        group: &GroupName,
        connection: &ConnectionId,
    ) -> Result<(), BackendError> {
        let socket = self.socket_of(hub, connection).await?.ok_or(BackendError::NoConnection)?;
        let counts = self.shards.for_writing(&self.store).await?;
        let groups = Groups::from([(group.keyed(), None)]);
        if !join(&self.store, counts, &socket, &groups).await? {
            return Err(BackendError::NoConnection);
        }
        self.follow_up(hub, &Recipient::Connection(connection.clone()), group, "add").await
    }

    /// Takes a connection out of a group; one that is not there is no error.
    pub async fn remove_connection(
        &self,
        hub: &HubName,
        group: &GroupName,
        connection: &ConnectionId,
    ) -> Result<(), BackendError> {
        self.follow_up(hub, &Recipient::Connection(connection.clone()), group, "remove").await
    }

    /// Takes a connection out of every group it is in.
    pub async fn remove_connection_from_all(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> Result<(), BackendError> {
        let Some(socket) = self.socket_of(hub, connection).await? else {
            return Ok(());
        };
        let recipient = Recipient::Connection(connection.clone());
        let (named, long) = named(socket.groups());
        for group in &named {
            self.follow_up(hub, &recipient, group, "remove").await?;
        }
        if long { self.enqueue_for(hub, &recipient, "removeAll").await } else { Ok(()) }
    }

    /// Puts a user into a group, on every connection, now and later; with a `ttl` of zero on those
    /// that there are now.
    pub async fn add_user(
        &self,
        hub: &HubName,
        group: &GroupName,
        user: &UserId,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        let now = self.clock.now();
        let until = now.plus(ttl.unwrap_or(MEMBERSHIP_LIFETIME));
        let row = member(group.keyed(), Standing::Member, until);
        let is_lasting = until > now;
        // One that ends as it begins only lifts a denial, which would undo what follows.
        if is_lasting || self.is_denied(hub, user, &row.group).await? {
            self.store.put_membership(hub, user, &row).await?;
        }
        let word = Membership { expires: row.expires.filter(|_| is_lasting), ..row };
        if !self.move_sockets(hub, user, &[word]).await? || !self.are_groups_retained(hub).await? {
            return Ok(());
        }
        self.follow_up(hub, &Recipient::User(user.clone()), group, "show").await
    }

    /// Whether anything may be retained for a group. Read after the sockets were put in: whoever
    /// retains the first value from now on finds them there.
    async fn are_groups_retained(&self, hub: &HubName) -> Result<bool, StoreError> {
        Ok(self.store.uses(hub, Consistency::Strong).await?.contains(&Use::GroupBoards))
    }

    /// Takes a user out of a group, also when a token names it.
    pub async fn remove_user(
        &self,
        hub: &HubName,
        group: &GroupName,
        user: &UserId,
    ) -> Result<(), BackendError> {
        self.deny(hub, user, group.keyed()).await?;
        self.follow_up(hub, &Recipient::User(user.clone()), group, "settle").await
    }

    /// Takes a user out of every group.
    pub async fn remove_user_from_all(
        &self,
        hub: &HubName,
        user: &UserId,
    ) -> Result<(), BackendError> {
        let groups = self.every_group(hub, user).await?;
        for group in &groups {
            self.deny(hub, user, group.clone()).await?;
        }
        let recipient = Recipient::User(user.clone());
        let (named, long) = named(groups);
        for group in &named {
            self.follow_up(hub, &recipient, group, "settle").await?;
        }
        if long { self.enqueue_for(hub, &recipient, "settle").await } else { Ok(()) }
    }

    /// The groups that the table names of a user, denied ones included, and those that connections
    /// are in.
    async fn every_group(
        &self,
        hub: &HubName,
        user: &UserId,
    ) -> Result<BTreeSet<KeyedName>, StoreError> {
        let lasting = self.store.memberships(hub, user, self.clock.now()).await?;
        let mut groups: BTreeSet<KeyedName> = lasting.into_iter().map(|row| row.group).collect();
        for socket in self.sockets_of(hub, user).await? {
            groups.extend(socket.groups());
        }
        Ok(groups)
    }

    async fn is_denied(
        &self,
        hub: &HubName,
        user: &UserId,
        group: &KeyedName,
    ) -> Result<bool, StoreError> {
        let word = self.last_word(hub, user, group).await?;
        Ok(word.is_some_and(|word| word.standing == Standing::Denied))
    }

    /// What the table says of a user and a group, if anything.
    pub(super) async fn last_word(
        &self,
        hub: &HubName,
        user: &UserId,
        group: &KeyedName,
    ) -> Result<Option<Membership>, StoreError> {
        let lasting = self.store.memberships(hub, user, self.clock.now()).await?;
        Ok(lasting.into_iter().find(|row| row.group == *group))
    }

    async fn deny(&self, hub: &HubName, user: &UserId, group: KeyedName) -> Result<(), StoreError> {
        let until = self.clock.now().plus(MEMBERSHIP_LIFETIME);
        self.store.put_membership(hub, user, &member(group, Standing::Denied, until)).await
    }

    /// Moves the sockets that a user has; false when there is none.
    async fn move_sockets(
        &self,
        hub: &HubName,
        user: &UserId,
        word: &[Membership],
    ) -> Result<bool, StoreError> {
        let counts = self.shards.for_writing(&self.store).await?;
        let sockets = self.sockets_of(hub, user).await?;
        let read = || self.store.memberships(hub, user, self.clock.now());
        move_sockets_until_current(&self.store, counts, &sockets, word, read).await?;
        Ok(!sockets.is_empty())
    }

    /// Enqueues a change of membership behind what was sent to the group.
    async fn follow_up(
        &self,
        hub: &HubName,
        subject: &Recipient,
        group: &GroupName,
        action: &'static str,
    ) -> Result<(), BackendError> {
        let behind = Recipient::Group(group.clone());
        let mut envelope = Envelope::to(hub, subject);
        envelope.group_name = Some(group.as_str());
        envelope.action = Some(action);
        self.enqueue(&Sending::plain(hub, &behind), envelope.json()).await
    }

    /// Enqueues a change of memberships whose names nobody knows any more: it can only stay in
    /// order with what is sent to the subject itself.
    async fn enqueue_for(
        &self,
        hub: &HubName,
        subject: &Recipient,
        action: &'static str,
    ) -> Result<(), BackendError> {
        let envelope = Envelope { action: Some(action), ..Envelope::to(hub, subject) };
        self.enqueue(&Sending::plain(hub, subject), envelope.json()).await
    }

    /// The record of a connection that can be put into something.
    async fn socket_of(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> Result<Option<Socket>, StoreError> {
        match self.connection(hub, connection).await? {
            Some(member) => self.store.socket(&member.socket, Consistency::Strong).await,
            None => Ok(None),
        }
    }
}

fn member(group: KeyedName, standing: Standing, until: Timestamp) -> Membership {
    Membership { group, standing, expires: Some(until) }
}

/// Groups by name; and whether there are others, whose keys hold only a digest of theirs.
fn named(groups: impl IntoIterator<Item = KeyedName>) -> (Vec<GroupName>, bool) {
    let (mut named, mut long) = (Vec::new(), false);
    for group in groups {
        match group.name() {
            Some(name) => named.push(name),
            None => long = true,
        }
    }
    (named, long)
}
