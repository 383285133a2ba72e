//! Actions of envelopes: memberships, blocks, and what a log-out revokes.
//!
//! Whatever lasts is written first; then the user's sockets are read, strongly
//! consistent, and changed. All of it is safe to repeat.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Publisher;
use super::resolve::Reads;
use crate::access::{Block, Membership, Standing};
use crate::channel::ChannelKey;
use crate::envelope::{Action, Audience, Scope, Subject};
use crate::id::{GroupName, HubName, KeyedName, UserId};
use crate::membership::{Groups, join, leave};
use crate::ports::{
    AccessStore, ChannelStore, ConnectionGateway, Consistency, NotificationQueue, ProgressStore,
    SocketStore, StoreError,
};
use crate::socket::Socket;
use crate::time::{Clock, Timestamp};

/// How long a lasting membership or denial stays without a ttl, as in Azure SignalR.
const MEMBERSHIP_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// A change of memberships.
struct Change<'a> {
    hub: &'a HubName,
    subject: &'a Subject,
    groups: BTreeSet<KeyedName>,
}

/// Where a block is kept; `None` counts on every hub.
fn blocked_hub(hub: &HubName, scope: Scope) -> Option<&HubName> {
    (scope == Scope::Hub).then_some(hub)
}

fn keyed(groups: &[GroupName]) -> BTreeSet<KeyedName> {
    groups.iter().map(GroupName::keyed).collect()
}

impl<S, G, Q, C> Publisher<S, G, Q, C>
where
    S: SocketStore + ChannelStore + AccessStore + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
{
    /// Carries out what an action changes in the table; records go out later.
    pub(super) async fn carry_out(
        &self,
        hub: &HubName,
        action: &Action,
        reads: &mut Reads,
    ) -> Result<(), StoreError> {
        match action {
            Action::Add { subject, groups, ttl } => {
                let until = ttl.map(|ttl| self.clock.now().plus(ttl));
                self.add(&Change { hub, subject, groups: keyed(groups) }, until, reads).await?;
            }
            Action::Remove { subject, groups } => {
                self.remove(&Change { hub, subject, groups: keyed(groups) }, reads).await?;
            }
            Action::RemoveAll { subject } => {
                let groups = self.groups_of(hub, subject, reads).await?;
                self.remove(&Change { hub, subject, groups }, reads).await?;
            }
            Action::Close { audience: Audience::Users(users), revoke: true, .. } => {
                self.revoke(hub, users).await?;
            }
            Action::Close { .. } => {}
            Action::Block { users, ttl, scope } => {
                self.block(blocked_hub(hub, *scope), users, *ttl).await?;
            }
            Action::Unblock { users, scope } => {
                for user in users {
                    self.store.lift_block(blocked_hub(hub, *scope), user).await?;
                }
            }
        }
        reads.forget_members();
        Ok(())
    }

    async fn add(
        &self,
        change: &Change<'_>,
        until: Option<Timestamp>,
        reads: &mut Reads,
    ) -> Result<(), StoreError> {
        self.keep(change, Standing::Member, until).await?;
        let groups: Groups = change.groups.iter().map(|group| (group.clone(), until)).collect();
        let counts = self.shards.for_writing(&self.store).await?;
        for socket in self.sockets_of(change.hub, change.subject, reads).await? {
            join(&self.store, counts, &socket, &groups).await?;
        }
        Ok(())
    }

    async fn remove(&self, change: &Change<'_>, reads: &mut Reads) -> Result<(), StoreError> {
        self.keep(change, Standing::Denied, None).await?;
        let counts = self.shards.for_writing(&self.store).await?;
        for socket in self.sockets_of(change.hub, change.subject, reads).await? {
            leave(&self.store, counts, &socket, &change.groups).await?;
        }
        Ok(())
    }

    /// Every group that is lasting or that a socket is in right now.
    async fn groups_of(
        &self,
        hub: &HubName,
        subject: &Subject,
        reads: &mut Reads,
    ) -> Result<BTreeSet<KeyedName>, StoreError> {
        let mut groups = BTreeSet::new();
        if let Subject::Users(users) = subject {
            for user in users {
                let lasting = self.store.memberships(hub, user, self.clock.now()).await?;
                groups.extend(lasting.into_iter().map(|membership| membership.group));
            }
        }
        for socket in self.sockets_of(hub, subject, reads).await? {
            groups.extend(socket.channels.iter().filter_map(ChannelKey::group_of));
        }
        Ok(groups)
    }

    /// Writes memberships of users; those of a connection last no longer than it does.
    async fn keep(
        &self,
        change: &Change<'_>,
        standing: Standing,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let Subject::Users(users) = change.subject else {
            return Ok(());
        };
        let expires = until.unwrap_or_else(|| self.clock.now().plus(MEMBERSHIP_LIFETIME));
        for user in users {
            for group in &change.groups {
                let (group, expires) = (group.clone(), Some(expires));
                let membership = Membership { group, standing, expires };
                self.store.put_membership(change.hub, user, &membership).await?;
            }
        }
        Ok(())
    }

    /// The records of a subject's sockets, read after what lasts was written.
    async fn sockets_of(
        &self,
        hub: &HubName,
        subject: &Subject,
        reads: &mut Reads,
    ) -> Result<Vec<Socket>, StoreError> {
        reads.forget_members();
        let audience = match subject {
            Subject::Connection(connection) => Audience::Connection(connection.clone()),
            Subject::Users(users) => Audience::Users(users.clone()),
        };
        let mut sockets = Vec::new();
        for (_, member) in self.audience_members(hub, &audience, reads).await? {
            sockets.extend(self.store.socket(&member.socket, Consistency::Strong).await?);
        }
        Ok(sockets)
    }

    async fn revoke(&self, hub: &HubName, users: &[UserId]) -> Result<(), StoreError> {
        let block = Block { until: None, not_before: Some(self.clock.now()) };
        for user in users {
            self.store.put_block(Some(hub), user, block).await?;
        }
        Ok(())
    }

    async fn block(
        &self,
        hub: Option<&HubName>,
        users: &[UserId],
        ttl: Option<Duration>,
    ) -> Result<(), StoreError> {
        let until = ttl.map_or(Timestamp::FOREVER, |ttl| self.clock.now().plus(ttl));
        let block = Block { until: Some(until), not_before: None };
        for user in users {
            self.store.put_block(hub, user, block).await?;
        }
        Ok(())
    }
}
