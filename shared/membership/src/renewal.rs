//! A fresh token for an open connection: its deadline, groups and claims follow the token.
//!
//! A socket's record says until when its session lasts, and the admission of
//! its client. The deadline is moved first, then the rows are written by the
//! deadline, and the new admission is noted last. Until then the earlier of the
//! two ends counts. So a refresh that stops half-way ends in a new connection,
//! and never in one that hears nothing.
//!
//! A log-out writes the block first and ends the sockets afterwards; a refresh
//! moves the deadline first and reads the block afterwards. So one of the two
//! always sees the other.

use std::collections::{BTreeMap, BTreeSet};

use hubcast_model::access::Membership;
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::context::Admission;
use hubcast_model::groups::Joinable;
use hubcast_model::id::{ConnectionId, GroupName, HubName, KeyedName};
use hubcast_model::ports::{
    BlockStore, ChannelStore, ClientStore, Consistency, DeadlineStore, GrantStore, MembershipStore,
    ShardStore, SocketStore, StoreError,
};
use hubcast_model::socket::Socket;
use hubcast_model::time::Timestamp;

use crate::lookup::all_members;
use crate::membership::{Groups, effective, join, leave, write};
use crate::shards::Shards;
use crate::token::{is_blocked, token_groups};

/// What became of a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// The connection follows the new token.
    Done,
    /// The connection or its session has ended, or another refresh came between.
    Over,
    /// The user is blocked, or has logged out since the token was issued.
    Blocked,
}

/// An open connection that fresh tokens may renew.
#[derive(Debug)]
pub struct Open {
    /// The record of its socket.
    socket: Socket,
    /// What its token says so far.
    admission: Admission,
}

impl Open {
    /// What its token says so far.
    pub const fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Its id.
    pub const fn connection(&self) -> &ConnectionId {
        &self.socket.connection
    }

    /// When rows of the session ended so far. A refresh that stopped half-way may have written some.
    fn former_end(&self) -> Timestamp {
        let noted = self.admission.principal.session_expires;
        let end = self.socket.hears_until();
        noted.map_or(end, |noted| noted.min(end))
    }
}

/// The open connection of this id on a hub. `None` when there is none, or when its session has no
/// end that a fresh token could move.
///
/// # Errors
/// When the table does not answer.
pub async fn find<S: ChannelStore + SocketStore>(
    store: &S,
    hub: &HubName,
    connection: &ConnectionId,
    now: Timestamp,
) -> Result<Option<Open>, StoreError> {
    let key = ChannelKey::connection(hub, connection);
    let members = all_members(store, &key, 1, now).await?.unwrap_or_default();
    let Some(member) = members.first() else {
        return Ok(None);
    };
    let socket = store.socket(&member.socket, Consistency::Strong).await?;
    let socket = socket.filter(|socket| socket.session_expires.is_some());
    Ok(socket.and_then(|mut socket| {
        let admission = *socket.admission.take()?;
        Some(Open { socket, admission })
    }))
}

/// What a token lets its client be in.
struct Rights<'a> {
    groups: BTreeSet<KeyedName>,
    joinable: &'a Joinable,
}

impl Rights<'_> {
    /// Whether they let their client into a group into which `fresh` does not let it.
    ///
    /// The key of a long name does not say for certain which patterns match. In doubt the client
    /// leaves the group, unless it may have joined only by patterns that `fresh` has too: it may
    /// join anew.
    fn end_with(&self, fresh: &Self, group: &KeyedName) -> bool {
        let is_named = self.groups.contains(group);
        let ways_in = self.joinable.that_may_allow(group);
        let is_allowed = is_named || !ways_in.is_empty();
        let goes_on = !is_named && fresh.joinable.holds_all_of(&ways_in);
        is_allowed && !goes_on && !fresh.allow(group)
    }

    fn allow(&self, group: &KeyedName) -> bool {
        self.groups.contains(group) || self.joinable.allows_keyed(group)
    }
}

hubcast_model::several_ports! {
    /// The rows that a renewal reads and writes.
    pub trait RenewalStore = BlockStore + ChannelStore + ClientStore + DeadlineStore + GrantStore
        + MembershipStore + ShardStore + SocketStore;
}

/// Renews connections at one moment.
#[derive(Debug)]
pub struct Renewal<'a, S> {
    store: &'a S,
    /// The counts of shards to write rows by.
    counts: ShardCounts,
    now: Timestamp,
}

impl<'a, S: RenewalStore> Renewal<'a, S> {
    /// Renewals at this moment.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn at(store: &'a S, shards: &Shards, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self { store, counts: shards.for_writing(store).await?, now })
    }
}

impl<S: RenewalStore> Renewal<'_, S> {
    /// Has a connection follow a fresh token of its user: until its end, in its groups, and with
    /// its claims. Safe to repeat.
    ///
    /// # Errors
    /// When the table does not answer. The connection ends by its former deadline then, if not
    /// earlier, and its client may come back.
    pub async fn renew(&self, open: &Open, fresh: &Admission) -> Result<Renewed, StoreError> {
        if self.is_blocked(fresh).await? {
            return Ok(Renewed::Blocked);
        }
        let (id, deadline) = (&open.socket.id, fresh.principal.session_expires);
        let Some(record) = self.store.move_deadline(id, deadline, self.now).await? else {
            return Ok(Renewed::Over);
        };
        let (former, rights) = (self.rights(&open.admission).await?, self.rights(fresh).await?);
        let granted = token_groups(self.store, &fresh.principal, self.now).await?;
        let groups = effective(&granted, &self.lasting(&record).await?);
        let is_lost =
            |group: &KeyedName| former.end_with(&rights, group) && !groups.contains_key(group);
        self.leave(&record, is_lost).await?;
        if !self.write_rows(open, &record, &groups).await? {
            return Ok(Renewed::Over);
        }
        if self.is_blocked(fresh).await? {
            self.end(open, &groups).await?;
            return Ok(Renewed::Blocked);
        }
        let Some(record) = self.store.renew_admission(id, fresh).await? else {
            return Ok(Renewed::Over);
        };
        // The client may have joined by the former token meanwhile.
        self.leave(&record, is_lost).await?;
        self.store.renew_claims(id, &fresh.principal.user_claims).await?;
        Ok(Renewed::Done)
    }

    async fn is_blocked(&self, fresh: &Admission) -> Result<bool, StoreError> {
        is_blocked(self.store, &fresh.principal, self.now).await
    }

    async fn rights<'a>(&self, admission: &'a Admission) -> Result<Rights<'a>, StoreError> {
        let named = token_groups(self.store, &admission.principal, self.now).await?;
        let groups = named.iter().map(GroupName::keyed).collect();
        Ok(Rights { groups, joinable: &admission.joinable })
    }

    async fn lasting(&self, socket: &Socket) -> Result<Vec<Membership>, StoreError> {
        match &socket.user {
            Some(user) => self.store.memberships(&socket.hub, user, self.now).await,
            None => Ok(Vec::new()),
        }
    }

    /// Leaves the groups that the client was in by its former token only.
    async fn leave(
        &self,
        record: &Socket,
        is_lost: impl Fn(&KeyedName) -> bool,
    ) -> Result<(), StoreError> {
        let lost: BTreeSet<KeyedName> = record.groups().filter(|group| is_lost(group)).collect();
        if lost.is_empty() {
            return Ok(());
        }
        leave(self.store, self.counts, record, &lost).await
    }

    /// Writes all rows of a socket by its new deadline. False when the socket has gone.
    async fn write_rows(
        &self,
        open: &Open,
        record: &Socket,
        groups: &Groups,
    ) -> Result<bool, StoreError> {
        let wanted = self.kept(open, record, groups).await?;
        if !write(self.store, record.clone(), wanted).await? {
            return Ok(false);
        }
        // An empty join would be a write for nothing.
        Ok(groups.is_empty() || join(self.store, self.counts, record, groups).await?)
    }

    /// The rows that last as long as the session, but for those of `groups`. A membership for a time
    /// that is over stays over, though the record still names its row.
    async fn kept(
        &self,
        open: &Open,
        record: &Socket,
        groups: &Groups,
    ) -> Result<BTreeMap<ChannelKey, Option<Timestamp>>, StoreError> {
        let mut kept = BTreeMap::new();
        let former_end = open.former_end();
        for key in &record.channels {
            let lasts = match key.group_of() {
                None => true,
                Some(group) if groups.contains_key(&group) => false,
                Some(_) => {
                    let end = self.store.row_end(&record.id, key).await?;
                    end.is_some_and(|end| end > self.now && end >= former_end)
                }
            };
            if lasts {
                kept.insert(key.clone(), None);
            }
        }
        Ok(kept)
    }

    /// Takes a refresh back: the session ends now, and so do its rows. The next frame closes it.
    async fn end(&self, open: &Open, groups: &Groups) -> Result<(), StoreError> {
        let ended = self.store.move_deadline(&open.socket.id, Some(self.now), self.now).await?;
        if let Some(record) = ended {
            self.write_rows(open, &record, groups).await?;
        }
        Ok(())
    }
}
