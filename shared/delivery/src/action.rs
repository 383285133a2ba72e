//! Actions of envelopes: memberships, blocks, and what a log-out revokes.
//!
//! Whatever lasts is written first; then the user's sockets are read, strongly
//! consistent, and changed. All of it is safe to repeat.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Publisher;
use super::members::Reads;
use hubcast_membership::lasting::{MEMBERSHIP_LIFETIME, follow, place};
use hubcast_model::access::{Block, Membership, Standing};
use hubcast_model::channel::ChannelKey;
use hubcast_model::envelope::{Action, Audience, Scope, Subject};
use hubcast_model::id::{GroupName, HubName, KeyedName, UserId};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    GrantStore, InboxStore, MembershipStore, NotificationQueue, PendingStore, ProgressStore,
    SessionStore, ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, Timestamp};

/// Who is in which groups, or is not, from now on.
struct Change<'a> {
    hub: &'a HubName,
    subject: &'a Subject,
    word: Vec<Membership>,
}

/// Where a block is kept; `None` counts on every hub.
fn blocked_hub(hub: &HubName, scope: Scope) -> Option<&HubName> {
    (scope == Scope::Hub).then_some(hub)
}

fn keyed(groups: &[GroupName]) -> BTreeSet<KeyedName> {
    groups.iter().map(GroupName::keyed).collect()
}

impl<S, G, Q, C, U> Publisher<S, G, Q, C, U>
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
        + GrantStore
        + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
    U: UpstreamQueue,
{
    /// Carries out what an action changes in the table; records go out later.
    pub(super) async fn carry_out(
        &self,
        (hub, sent_at): (&HubName, Timestamp),
        action: &Action,
        reads: &mut Reads,
    ) -> Result<(), StoreError> {
        match action {
            Action::Add { subject, groups, ttl } => {
                let until = ttl.map(|ttl| self.clock.now().plus(ttl));
                let word = self.word(subject, keyed(groups), Standing::Member, until);
                self.apply(&Change { hub, subject, word }, reads).await?;
            }
            Action::Remove { subject, groups } => {
                let word = self.word(subject, keyed(groups), Standing::Denied, None);
                self.apply(&Change { hub, subject, word }, reads).await?;
            }
            Action::RemoveAll { subject } => {
                let groups = self.groups_of(hub, subject, reads).await?;
                let word = self.word(subject, groups, Standing::Denied, None);
                self.apply(&Change { hub, subject, word }, reads).await?;
            }
            Action::Settle { users, groups } => {
                self.settle_users(hub, users, groups.as_deref(), reads).await?;
            }
            Action::Close { audience: Audience::Users(users), revoke: true, .. } => {
                self.revoke(hub, users, sent_at).await?;
            }
            Action::Close { .. } | Action::Show { .. } => {}
            Action::Block { users, ttl, scope } => {
                self.block(blocked_hub(hub, *scope), users, *ttl).await?;
            }
            Action::Unblock { users, scope } => {
                for user in users {
                    self.store.lift_block(blocked_hub(hub, *scope), user).await?;
                }
            }
        }
        reads.forget();
        Ok(())
    }

    /// What is to be said of each group. Of a user it lasts; of a connection it lasts no longer
    /// than that does.
    fn word(
        &self,
        subject: &Subject,
        groups: BTreeSet<KeyedName>,
        standing: Standing,
        until: Option<Timestamp>,
    ) -> Vec<Membership> {
        let expires = match subject {
            Subject::Connection(_) => until,
            Subject::Users(_) => until.or_else(|| Some(self.clock.now().plus(MEMBERSHIP_LIFETIME))),
        };
        groups.into_iter().map(|group| Membership { group, standing, expires }).collect()
    }

    /// Writes what lasts, then moves the subject's sockets.
    async fn apply(&self, change: &Change<'_>, reads: &mut Reads) -> Result<(), StoreError> {
        if let Subject::Users(users) = change.subject {
            for user in users {
                for membership in &change.word {
                    self.store.put_membership(change.hub, user, membership).await?;
                }
            }
        }
        let sockets = self.sockets_of(change.hub, change.subject, reads).await?;
        match change.subject {
            Subject::Connection(_) => {
                let counts = self.shards.for_writing(&self.store).await?;
                place(&self.store, counts, &sockets, &change.word).await
            }
            Subject::Users(users) => {
                for user in users {
                    self.follow(change, user, &sockets).await?;
                }
                Ok(())
            }
        }
    }

    /// Moves the sockets of one user of several.
    async fn follow(
        &self,
        change: &Change<'_>,
        user: &UserId,
        sockets: &[Socket],
    ) -> Result<(), StoreError> {
        let counts = self.shards.for_writing(&self.store).await?;
        let of_user = sockets.iter().filter(|socket| socket.user.as_ref() == Some(user));
        let sockets: Vec<Socket> = of_user.cloned().collect();
        let read = || self.store.memberships(change.hub, user, self.clock.now());
        follow(&self.store, counts, &sockets, &change.word, read).await
    }

    /// Has the sockets of users follow what the table says of some groups, or of all.
    async fn settle_users(
        &self,
        hub: &HubName,
        users: &[UserId],
        groups: Option<&[GroupName]>,
        reads: &mut Reads,
    ) -> Result<(), StoreError> {
        let wanted = groups.map(keyed);
        for user in users {
            let mut word = self.store.memberships(hub, user, self.clock.now()).await?;
            word.retain(|row| wanted.as_ref().is_none_or(|groups| groups.contains(&row.group)));
            word.sort_by(|one, other| one.group.cmp(&other.group));
            let subject = &Subject::Users(vec![user.clone()]);
            let sockets = self.sockets_of(hub, subject, reads).await?;
            self.follow(&Change { hub, subject, word }, user, &sockets).await?;
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

    /// The records of a subject's sockets, read after what lasts was written.
    pub(super) async fn sockets_of(
        &self,
        hub: &HubName,
        subject: &Subject,
        reads: &mut Reads,
    ) -> Result<Vec<Socket>, StoreError> {
        reads.forget();
        let mut sockets = Vec::new();
        let found = self.audience_members((hub, &subject.audience()), usize::MAX, reads).await?;
        for (_, member) in found.unwrap_or_default() {
            sockets.extend(self.store.socket(&member.socket, Consistency::Strong).await?);
        }
        Ok(sockets)
    }

    /// Refuses the tokens issued before the log-out was sent: who logged in again meanwhile, while
    /// it waited in the queue, stays.
    async fn revoke(
        &self,
        hub: &HubName,
        users: &[UserId],
        sent_at: Timestamp,
    ) -> Result<(), StoreError> {
        let block = Block { until: None, not_before: Some(sent_at) };
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
