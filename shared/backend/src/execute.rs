//! Commands for all connections that a filter means.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::list::Cursor;
use super::payload::{not_json, properties, property};
use super::send::{check_size, fresh_key};
use super::{Backend, BackendError, Filter, Payload, PayloadError};
use hubcast_membership::membership::{Groups, join};
use hubcast_model::channel::Member;
use hubcast_model::envelope::ELEMENTS_MAX;
use hubcast_model::id::{GroupName, HubName, UserId};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, Consistency, GrantStore,
    InboxStore, MembershipStore, NotificationSender, Outgoing, PendingStore, SessionStore,
    ShardStore, SocketStore, StoreError, UsageStore,
};
use hubcast_model::recipient::Recipient;
use hubcast_model::time::Clock;

/// The most connections that one call may mean, and the most that it may enqueue: what is done
/// within the time of one call.
const MATCHES_MAX: usize = 5000;
const ENQUEUED_MAX_BYTES: usize = 32 * 1024 * 1024;
/// The most that one message on the queue takes, with room for what SQS counts besides.
const MESSAGE_MAX_BYTES: usize = 240 * 1024;
const PAGE_ROWS: usize = 1000;
const SOCKETS_AT_ONCE: usize = 16;
/// The most commands of one call.
const COMMANDS_MAX: usize = 100;

/// One thing to do with a connection.
#[derive(Debug, Clone)]
pub enum Command {
    /// Calls its client.
    Send(Payload),
    /// Puts it into a group.
    Join(GroupName),
    /// Takes it out of a group.
    Leave(GroupName),
    /// Ends it, with a text for the client's error.
    Close(Option<String>),
}

impl Command {
    /// Reads a list such as `[{"type": "JoinGroup", "group": "g"}]`.
    ///
    /// # Errors
    /// When the text is nothing like that.
    pub fn list(text: &str) -> Result<Vec<Self>, PayloadError> {
        let commands: Vec<&RawValue> = serde_json::from_str(text).map_err(not_json)?;
        if !(1..=COMMANDS_MAX).contains(&commands.len()) {
            return Err(PayloadError::Wrong("it must be a list of 1 to 100 commands"));
        }
        commands.into_iter().map(Self::read).collect()
    }

    fn read(json: &RawValue) -> Result<Self, PayloadError> {
        let properties = properties(json)?;
        let text = |name| -> Result<Option<String>, PayloadError> {
            let raw = property(&properties, name)?.filter(|raw| raw.get() != "null");
            let wrong = PayloadError::Wrong("a text of a command is none");
            raw.map(|raw| serde_json::from_str(raw.get()).map_err(|_| wrong)).transpose()
        };
        let group = || {
            let name = text("group")?.unwrap_or_default();
            GroupName::parse(&name)
                .map_err(|_| PayloadError::Wrong("'group' is no name of a group"))
        };
        match text("type")?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "sendmessage" => {
                let message = property(&properties, "message")?;
                let message = message.ok_or(PayloadError::Wrong("'message' is missing"))?;
                Payload::from_raw(message).map(Self::Send)
            }
            "joingroup" => group().map(Self::Join),
            "leavegroup" => group().map(Self::Leave),
            "closeconnection" => Ok(Self::Close(text("reason")?)),
            _ => Err(PayloadError::Wrong(
                "'type' is SendMessage, JoinGroup, LeaveGroup or CloseConnection",
            )),
        }
    }

    /// What it stays in order with: of what everyone gets, or of what the group gets.
    fn order(&self) -> Recipient {
        match self {
            Self::Join(group) | Self::Leave(group) => Recipient::Group(group.clone()),
            Self::Send(_) | Self::Close(_) => Recipient::Hub,
        }
    }

    fn json(&self, hub: &HubName, connection: &Recipient) -> String {
        let mut envelope = Envelope::to(hub, connection);
        match self {
            Self::Send(payload) => {
                envelope.target = Some(&payload.target);
                envelope.arguments = Some(&payload.arguments);
            }
            Self::Join(group) => {
                (envelope.action, envelope.group_name) = (Some("add"), Some(group.as_str()));
            }
            Self::Leave(group) => {
                (envelope.action, envelope.group_name) = (Some("remove"), Some(group.as_str()));
            }
            Self::Close(reason) => {
                (envelope.action, envelope.reason) = (Some("close"), reason.as_deref());
            }
        }
        envelope.json()
    }
}

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
    /// Carries commands out, in their order, with every connection that a filter means; with all
    /// of the hub when there is none.
    pub async fn execute(
        &self,
        hub: &HubName,
        filter: Option<&Filter>,
        commands: &[Command],
    ) -> Result<(), BackendError> {
        for command in commands {
            if let Command::Send(payload) = command {
                check_size(payload)?;
            }
        }
        let members = self.matching(hub, filter).await?;
        let outgoing = outgoing(hub, &members, commands)?;
        self.join_at_once(&members, commands).await?;
        Ok(self.queue.send(&outgoing).await?)
    }

    async fn matching(
        &self,
        hub: &HubName,
        filter: Option<&Filter>,
    ) -> Result<Vec<Member>, BackendError> {
        let user = filter.and_then(Filter::user).map(UserId::parse);
        let audience = match user {
            Some(Ok(user)) => Recipient::User(user),
            Some(Err(_)) => return Ok(Vec::new()),
            None => Recipient::Hub,
        };
        let (mut matching, mut cursor) = (Vec::new(), Some(Cursor::default()));
        while let Some(start) = cursor {
            let page = self.list_connections((hub, &audience), start, PAGE_ROWS).await?;
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
        let mut reads = Vec::with_capacity(members.len());
        for member in members {
            reads.push(async move {
                let socket = self.store.socket(&member.socket, Consistency::Strong).await?;
                let groups = socket.map(|socket| socket.groups().collect()).unwrap_or_default();
                Ok(filter.matches(&member, &groups).then_some(member))
            });
        }
        let meant: Vec<Option<Member>> =
            stream::iter(reads).buffered(SOCKETS_AT_ONCE).try_collect().await?;
        Ok(meant.into_iter().flatten().collect())
    }

    /// An add counts when it is answered. Those in the queue come behind the removals there.
    async fn join_at_once(
        &self,
        members: &[Member],
        commands: &[Command],
    ) -> Result<(), StoreError> {
        let joined = commands.iter().filter_map(|command| match command {
            Command::Join(group) => Some((group.keyed(), None)),
            Command::Leave(_) | Command::Send(_) | Command::Close(_) => None,
        });
        let groups: Groups = joined.collect();
        if groups.is_empty() {
            return Ok(());
        }
        let counts = self.shards.for_writing(&self.store).await?;
        let mut joins = Vec::with_capacity(members.len());
        for member in members {
            let groups = &groups;
            joins.push(async move {
                match self.store.socket(&member.socket, Consistency::Strong).await? {
                    Some(socket) => join(&self.store, counts, &socket, groups).await,
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
    let mut elements: BTreeMap<Recipient, Vec<String>> = BTreeMap::new();
    let mut bytes = 0;
    for member in members {
        let connection = Recipient::Connection(member.connection.clone());
        for command in commands {
            let json = command.json(hub, &connection);
            bytes += json.len();
            if bytes > ENQUEUED_MAX_BYTES {
                return Err(BackendError::TooMany { most: MATCHES_MAX });
            }
            elements.entry(command.order()).or_default().push(json);
        }
    }
    let mut outgoing = Vec::new();
    for (order, elements) in elements {
        let group = order.message_group(hub);
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
        let (body, later) = rest.split_at(fits.count().max(1));
        bodies.push(format!("[{}]", body.join(",")));
        rest = later;
    }
    bodies
}
