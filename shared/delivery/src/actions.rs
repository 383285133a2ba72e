//! Actions of envelopes: memberships, blocks, and what a log-out revokes.
//!
//! Whatever lasts is written first; then the user's sockets are read, strongly
//! consistent, and changed. All of it is safe to repeat.

use std::collections::BTreeSet;

use crate::audiences::Audiences;
use hubcast_membership::lasting::{MEMBERSHIP_LIFETIME, move_sockets, move_sockets_until_current};
use hubcast_membership::shards::Shards;
use hubcast_model::access::{Block, Membership, Standing};
use hubcast_model::channel::ChannelKey;
use hubcast_model::envelope::{Action, Audience, Scope};
use hubcast_model::id::{GroupName, HubName, KeyedName, UserId};
use hubcast_model::ports::{
    BlockStore, ChannelStore, MembershipStore, ShardStore, SocketStore, StoreError,
};
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, Timestamp};

/// An action, and what came with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    /// The hub that the action is for.
    pub(crate) hub: &'a HubName,
    /// The time when the backend sent the action.
    pub(crate) sent_at: Timestamp,
    /// What is to change.
    pub(crate) action: &'a Action,
}

/// From now on an audience is in these groups, or is not.
struct Change<'a> {
    /// The hub.
    hub: &'a HubName,
    /// The users, whose memberships last; of any other audience, the connections there are.
    audience: &'a Audience,
    /// One membership, or its denial, for each group.
    memberships: Vec<Membership>,
}

/// The hub under which a block is kept; `None` counts on every hub.
fn blocked_hub(hub: &HubName, scope: Scope) -> Option<&HubName> {
    (scope == Scope::Hub).then_some(hub)
}

fn keyed(groups: &[GroupName]) -> BTreeSet<KeyedName> {
    groups.iter().map(GroupName::keyed).collect()
}

/// Carries actions out.
#[derive(Debug)]
pub(crate) struct Actions<'a, S, C> {
    /// The table.
    pub(crate) store: &'a S,
    /// The shard counts.
    pub(crate) shards: &'a Shards,
    /// The time.
    pub(crate) clock: &'a C,
}

impl<S, C> Actions<'_, S, C>
where
    S: BlockStore + ChannelStore + MembershipStore + ShardStore + SocketStore,
    C: Clock,
{
    /// Carries out what an action changes in the table; records go out later.
    pub(crate) async fn carry_out(
        &self,
        order: Order<'_>,
        audiences: &mut Audiences<'_, S, C>,
    ) -> Result<(), StoreError> {
        let Order { hub, sent_at, action } = order;
        match action {
            Action::Close { .. } => {
                revoke(self.store, hub, action.revoked_users(), sent_at).await?;
            }
            Action::Show { .. } => {}
            Action::Block { users, ttl, scope } => {
                let until = ttl.map_or(Timestamp::FOREVER, |ttl| self.clock.now().plus(ttl));
                block(self.store, blocked_hub(hub, *scope), users, until).await?;
            }
            Action::Unblock { users, scope } => {
                unblock(self.store, blocked_hub(hub, *scope), users).await?;
            }
            Action::Settle { users, groups } => {
                self.settle(hub, users, groups.as_deref(), audiences).await?;
            }
            Action::Add { .. } | Action::Remove { .. } | Action::RemoveAll { .. } => {
                self.change_groups(hub, action, audiences).await?;
            }
        }
        audiences.forget();
        Ok(())
    }
}

impl<S, C> Actions<'_, S, C>
where
    S: ChannelStore + MembershipStore + ShardStore + SocketStore,
    C: Clock,
{
    async fn change_groups(
        &self,
        hub: &HubName,
        action: &Action,
        audiences: &mut Audiences<'_, S, C>,
    ) -> Result<(), StoreError> {
        let (audience, memberships) = match action {
            Action::Add { audience, groups, ttl } => {
                let until = ttl.map(|ttl| self.clock.now().plus(ttl));
                (audience, self.memberships(audience, keyed(groups), Standing::Member, until))
            }
            Action::Remove { audience, groups } => {
                (audience, self.memberships(audience, keyed(groups), Standing::Denied, None))
            }
            Action::RemoveAll { audience } => {
                let groups = self.groups_of(hub, audience, audiences).await?;
                (audience, self.memberships(audience, groups, Standing::Denied, None))
            }
            _ => return Ok(()),
        };
        self.apply(&Change { hub, audience, memberships }, audiences).await
    }

    /// One membership, or its denial, for each group. The membership of a user lasts; the
    /// membership of a connection ends with the connection.
    fn memberships(
        &self,
        audience: &Audience,
        groups: BTreeSet<KeyedName>,
        standing: Standing,
        until: Option<Timestamp>,
    ) -> Vec<Membership> {
        let expires = match audience {
            Audience::Users(_) => {
                until.or_else(|| Some(self.clock.now().plus(MEMBERSHIP_LIFETIME)))
            }
            Audience::Connection(_) | Audience::Groups(_) | Audience::Hub => until,
        };
        groups.into_iter().map(|group| Membership { group, standing, expires }).collect()
    }

    /// Writes what lasts, then moves the audience's sockets.
    async fn apply(
        &self,
        change: &Change<'_>,
        audiences: &mut Audiences<'_, S, C>,
    ) -> Result<(), StoreError> {
        if let Audience::Users(users) = change.audience {
            for user in users {
                for membership in &change.memberships {
                    self.store.put_membership(change.hub, user, membership).await?;
                }
            }
        }
        let sockets = audiences.sockets(change.hub, change.audience).await?;
        match change.audience {
            Audience::Connection(_) | Audience::Groups(_) | Audience::Hub => {
                let counts = self.shards.for_writing(self.store).await?;
                move_sockets(self.store, counts, &sockets, &change.memberships).await
            }
            Audience::Users(users) => {
                for user in users {
                    self.follow(change, user, &sockets).await?;
                }
                Ok(())
            }
        }
    }

    /// Moves the sockets of one of several users.
    async fn follow(
        &self,
        change: &Change<'_>,
        user: &UserId,
        sockets: &[Socket],
    ) -> Result<(), StoreError> {
        let counts = self.shards.for_writing(self.store).await?;
        let of_user = sockets.iter().filter(|socket| socket.user.as_ref() == Some(user));
        let sockets: Vec<Socket> = of_user.cloned().collect();
        let read = || self.store.memberships(change.hub, user, self.clock.now());
        move_sockets_until_current(self.store, counts, &sockets, &change.memberships, read).await
    }

    /// Has the sockets of users follow what the table says of some groups, or of all.
    async fn settle(
        &self,
        hub: &HubName,
        users: &[UserId],
        groups: Option<&[GroupName]>,
        audiences: &mut Audiences<'_, S, C>,
    ) -> Result<(), StoreError> {
        let wanted = groups.map(keyed);
        for user in users {
            let mut memberships = self.store.memberships(hub, user, self.clock.now()).await?;
            memberships
                .retain(|row| wanted.as_ref().is_none_or(|groups| groups.contains(&row.group)));
            memberships.sort_by(|one, other| one.group.cmp(&other.group));
            let audience = &Audience::Users(vec![user.clone()]);
            let sockets = audiences.sockets(hub, audience).await?;
            self.follow(&Change { hub, audience, memberships }, user, &sockets).await?;
        }
        Ok(())
    }

    /// Every group that is lasting or that a socket is in right now.
    async fn groups_of(
        &self,
        hub: &HubName,
        audience: &Audience,
        audiences: &mut Audiences<'_, S, C>,
    ) -> Result<BTreeSet<KeyedName>, StoreError> {
        let mut groups = BTreeSet::new();
        if let Audience::Users(users) = audience {
            for user in users {
                let lasting = self.store.memberships(hub, user, self.clock.now()).await?;
                groups.extend(lasting.into_iter().map(|membership| membership.group));
            }
        }
        for socket in audiences.sockets(hub, audience).await? {
            groups.extend(socket.channels.iter().filter_map(ChannelKey::group_of));
        }
        Ok(groups)
    }
}

/// Refuses the tokens issued before the log-out was sent: a user who logged in again meanwhile,
/// while the log-out was in the queue, stays.
async fn revoke(
    store: &impl BlockStore,
    hub: &HubName,
    users: &[UserId],
    sent_at: Timestamp,
) -> Result<(), StoreError> {
    let block = Block { until: None, not_before: Some(sent_at) };
    for user in users {
        store.put_block(Some(hub), user, block).await?;
    }
    Ok(())
}

async fn block(
    store: &impl BlockStore,
    hub: Option<&HubName>,
    users: &[UserId],
    until: Timestamp,
) -> Result<(), StoreError> {
    let block = Block { until: Some(until), not_before: None };
    for user in users {
        store.put_block(hub, user, block).await?;
    }
    Ok(())
}

async fn unblock(
    store: &impl BlockStore,
    hub: Option<&HubName>,
    users: &[UserId],
) -> Result<(), StoreError> {
    for user in users {
        store.lift_block(hub, user).await?;
    }
    Ok(())
}
