//! Who is there: answers about one name, strongly consistent.

use super::{Backend, BackendError};
use hubcast_membership::lookup;
use hubcast_model::access::Standing;
use hubcast_model::channel::{ChannelKey, Member};
use hubcast_model::id::{ConnectionId, GroupName, HubName, UserId};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, Consistency, GrantStore,
    InboxStore, MembershipStore, NotificationSender, PageQuery, PendingStore, SessionStore,
    ShardStore, SocketStore, StoreError, UsageStore,
};
use hubcast_model::recipient::Recipient;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

/// How many rows are looked at to find out whether there is one.
const FIRST_ROWS: usize = 4;

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
    /// A connection that can hear, if there is one of this id.
    pub async fn connection(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> Result<Option<Member>, StoreError> {
        let key = ChannelKey::connection(hub, connection);
        match self.first_member(&key).await? {
            None => lookup::unclaimed_member(&self.store, hub, connection).await,
            found => Ok(found),
        }
    }

    /// Whether a user has a connection.
    pub async fn is_user_connected(
        &self,
        hub: &HubName,
        user: &UserId,
    ) -> Result<bool, BackendError> {
        Ok(self.first_member(&ChannelKey::user(hub, user)).await?.is_some())
    }

    /// Whether a connection is in a group.
    pub async fn is_group_populated(
        &self,
        hub: &HubName,
        group: &GroupName,
    ) -> Result<bool, BackendError> {
        for key in self.channels(hub, &Recipient::Group(group.clone())).await? {
            if self.first_member(&key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a user is in a group: by a lasting membership, or on a connection.
    pub async fn is_user_in_group(
        &self,
        hub: &HubName,
        user: &UserId,
        group: &GroupName,
    ) -> Result<bool, BackendError> {
        let keyed = group.keyed();
        if let Some(word) = self.last_word(hub, user, &keyed).await? {
            return Ok(word.standing == Standing::Member);
        }
        let sockets = self.sockets_of(hub, user).await?;
        let mut groups = sockets.iter().flat_map(Socket::groups);
        Ok(groups.any(|joined| joined == keyed))
    }

    /// The records of a user's sockets.
    pub(super) async fn sockets_of(
        &self,
        hub: &HubName,
        user: &UserId,
    ) -> Result<Vec<Socket>, StoreError> {
        let key = ChannelKey::user(hub, user);
        let members = lookup::all_members(&self.store, &key, usize::MAX, self.clock.now()).await?;
        let mut sockets = Vec::new();
        for member in members.unwrap_or_default() {
            sockets.extend(self.store.socket(&member.socket, Consistency::Strong).await?);
        }
        Ok(sockets)
    }

    /// The first member of a channel that has not expired.
    pub(super) async fn first_member(
        &self,
        key: &ChannelKey,
    ) -> Result<Option<Member>, StoreError> {
        let mut after = None;
        loop {
            let query = PageQuery {
                key,
                consistency: Consistency::Strong,
                now: self.clock.now(),
                after: after.as_ref(),
                limit: Some(FIRST_ROWS),
            };
            let page = self.store.members(query).await?;
            let first = page.members.into_iter().next();
            match page.next {
                Some(next) if first.is_none() => after = Some(next),
                _ => return Ok(first),
            }
        }
    }
}
