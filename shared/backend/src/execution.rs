//! Commands for all connections that a filter means.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::sender::{check_payload, fresh_key};
use super::{BackendError, Command, Cursor, Filter, Roster, Sender};
use hubcast_membership::membership::{Groups, join};
use hubcast_model::audience::Audience;
use hubcast_model::channel::Member;
use hubcast_model::envelope::{ELEMENTS_MAX, Notification, joined};
use hubcast_model::id::{HubName, UserId};
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{
    ChannelStore, NotificationSender, Outgoing, ShardStore, SocketStore, StoreError,
};
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

/// The most connections that one call may mean: what is done within the time of one call.
const MATCHES_MAX: usize = 5000;
/// The most that one call may enqueue, in bytes.
const ENQUEUED_MAX_BYTES: usize = 32 * 1024 * 1024;
/// The most that one message on the queue takes, in bytes, with room for what SQS counts besides.
const MESSAGE_MAX_BYTES: usize = 240 * 1024;
const PAGE_ROWS: usize = 1000;
const SOCKETS_AT_ONCE: usize = 16;

/// Commands for the connections of a hub.
#[derive(Debug)]
pub struct Execution<'a, S, Q, C> {
    roster: Roster<'a, S, C>,
    sender: Sender<'a, Q>,
}

impl<'a, S, Q, C> Execution<'a, S, Q, C> {
    pub(crate) const fn new(roster: Roster<'a, S, C>, sender: Sender<'a, Q>) -> Self {
        Self { roster, sender }
    }
}

impl<S, Q, C> Execution<'_, S, Q, C>
where
    S: ChannelStore + ShardStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Carries commands out, in their order, with every connection that a filter means; with all
    /// of the hub when there is none.
    pub async fn execute(
        &self,
        filter: Option<&Filter>,
        commands: &[Command],
    ) -> Result<(), BackendError> {
        for command in commands {
            if let Command::Send(payload) = command {
                check_payload(payload)?;
            }
        }
        let members = self.matching(filter).await?;
        let outgoing = outgoing(self.roster.hub, &members, commands)?;
        self.join_at_once(&members, commands).await?;
        for message_id in self.sender.put(&outgoing).await? {
            self.sender.accepted(&message_id, "commands", &Audience::Hub);
        }
        Ok(())
    }

    async fn matching(&self, filter: Option<&Filter>) -> Result<Vec<Member>, BackendError> {
        let user = filter.and_then(Filter::user).map(UserId::parse);
        let audience = match user {
            Some(Ok(user)) => Audience::user(user),
            Some(Err(_)) => return Ok(Vec::new()),
            None => Audience::Hub,
        };
        let (mut matching, mut cursor) = (Vec::new(), Some(Cursor::default()));
        while let Some(start) = cursor {
            let page = self.roster.page(&audience, start, PAGE_ROWS).await?;
            matching.extend(self.meant(page.items, filter).await?);
            if matching.len() > MATCHES_MAX {
                return Err(BackendError::TooMany { most: MATCHES_MAX });
            }
            cursor = page.next;
        }
        Ok(matching)
    }

    async fn meant(
        &self,
        members: Vec<Member>,
        filter: Option<&Filter>,
    ) -> Result<Vec<Member>, StoreError> {
        let Some(filter) = filter else {
            return Ok(members);
        };
        if !filter.asks_for_groups() {
            let none = BTreeSet::new();
            return Ok(members.into_iter().filter(|one| filter.matches(one, &none)).collect());
        }
        let records = self.roster.records(&members).await?;
        let meant = members.into_iter().zip(records).filter(|(member, record)| {
            let groups = record.iter().flat_map(Socket::groups).collect();
            filter.matches(member, &groups)
        });
        Ok(meant.map(|(member, _)| member).collect())
    }

    /// An add counts when it is answered. Those in the queue come behind the removals there.
    async fn join_at_once(
        &self,
        members: &[Member],
        commands: &[Command],
    ) -> Result<(), StoreError> {
        let joined = commands.iter().filter_map(|command| match command {
            Command::Join(group) => Some((group.keyed(), None)),
            Command::Leave(_) | Command::Send(_) | Command::Close { .. } => None,
        });
        let groups: &Groups = &joined.collect();
        if groups.is_empty() {
            return Ok(());
        }
        let table = self.roster.table;
        let counts = table.shards.for_writing(&table.store).await?;
        let mut joins = Vec::with_capacity(members.len());
        for member in members {
            joins.push(async move {
                let record = self.roster.records(std::slice::from_ref(member)).await?;
                match record.into_iter().flatten().next() {
                    Some(socket) => join(&table.store, counts, &socket, groups).await,
                    None => Ok(false),
                }
            });
        }
        let joins = stream::iter(joins).buffer_unordered(SOCKETS_AT_ONCE);
        joins.try_collect::<Vec<bool>>().await.map(|_| ())
    }
}

/// The messages of all commands for all members: as many elements in one as it takes.
fn outgoing(
    hub: &HubName,
    members: &[Member],
    commands: &[Command],
) -> Result<Vec<Outgoing>, BackendError> {
    let mut elements: BTreeMap<MessageGroup, Vec<String>> = BTreeMap::new();
    let mut bytes = 0;
    for member in members {
        for command in commands {
            let content = command.content(&member.connection);
            let json = Notification::new(hub.clone(), content).to_json();
            bytes += json.len();
            if bytes > ENQUEUED_MAX_BYTES {
                return Err(BackendError::TooMany { most: MATCHES_MAX });
            }
            elements.entry(command.message_group(hub)).or_default().push(json);
        }
    }
    let mut outgoing = Vec::new();
    for (group, elements) in elements {
        for body in bodies(&elements) {
            outgoing.push(Outgoing { body, group: group.clone(), key: fresh_key() });
        }
    }
    Ok(outgoing)
}

fn bodies(elements: &[String]) -> Vec<String> {
    let mut bodies = Vec::new();
    let mut rest = elements;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(ELEMENTS_MAX).take_while(|element| {
            bytes += element.len() + 1;
            bytes <= MESSAGE_MAX_BYTES
        });
        let (body, others) = rest.split_at(fits.count().max(1));
        bodies.push(joined(body));
        rest = others;
    }
    bodies
}
