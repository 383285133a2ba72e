//! What a notification delivers or does.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::audience::Audience;
use crate::id::{ConnectionId, GroupName, HubName, UserId};
use crate::message_group::MessageGroup;
use crate::retention::RetainedKey;

/// What a notification delivers or does.
#[derive(Debug, Clone)]
pub enum Content {
    /// Calls a method of clients.
    Message {
        /// Whose clients are called.
        audience: Audience,
        /// The name of the client's method.
        target: String,
        /// The arguments, a JSON array, byte for byte as the sender wrote it.
        arguments: Box<RawValue>,
    },
    /// Calls a method of one client, which answers.
    Invoke {
        /// The connection whose client is called.
        connection: ConnectionId,
        /// The id under which the client answers.
        invocation_id: String,
        /// The name of the client's method.
        target: String,
        /// The arguments, a JSON array, byte for byte as the sender wrote it.
        arguments: Box<RawValue>,
    },
    /// Changes something.
    Action(Action),
    /// Answers an invocation of a client.
    Answer {
        /// The connection that invoked.
        connection: ConnectionId,
        /// The id that the client gave its invocation.
        invocation_id: String,
        /// What the client gets.
        answer: Answer,
    },
    /// Takes a retained value down.
    Clear {
        /// The audience for which the value is retained.
        audience: Audience,
        /// The key of the value.
        key: RetainedKey,
    },
}

impl Content {
    /// Which kind of thing it is: the action by its name, and what is no action by a name of its own.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Message { .. } | Self::Clear { .. } => "message",
            Self::Invoke { .. } => "invoke",
            Self::Answer { .. } => "answer",
            Self::Action(action) => action.name(),
        }
    }

    /// Whom it is about: who gets it, or who is changed.
    pub fn audience(&self) -> Audience {
        match self {
            Self::Message { audience, .. } | Self::Clear { audience, .. } => audience.clone(),
            Self::Action(action) => action.audience(),
            Self::Answer { connection, .. } | Self::Invoke { connection, .. } => {
                Audience::Connection(connection.clone())
            }
        }
    }

    /// The message group that keeps this content in order with others for the same audience.
    pub(super) fn message_group(&self, hub: &HubName) -> MessageGroup {
        match self {
            Self::Message { audience, .. } | Self::Clear { audience, .. } => {
                MessageGroup::of(hub, audience)
            }
            Self::Action(action) => action.message_group(hub),
            Self::Answer { connection, .. } | Self::Invoke { connection, .. } => {
                MessageGroup::of_connection(hub, connection)
            }
        }
    }
}

/// The answer to a client's invocation.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The result, as JSON; `None` for a method without a result.
    Result(Option<Box<RawValue>>),
    /// One item of a stream, as JSON. Others follow, or the end.
    Item(Box<RawValue>),
    /// The text of the client's error.
    Error(String),
}

/// A change that a backend asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Puts connections into groups: users on every connection, now and later; of any other
    /// audience the connections there are, each for as long as it lasts. An envelope that names
    /// neither a connection nor users is refused.
    Add {
        /// The connections, or the users.
        audience: Audience,
        /// The groups to put them into.
        groups: Vec<GroupName>,
        /// For how long, in whole seconds; as long as possible when absent.
        ttl: Option<Duration>,
    },
    /// Takes connections out of groups.
    Remove {
        /// The connections, or the users, as with an add.
        audience: Audience,
        /// The groups to take them out of.
        groups: Vec<GroupName>,
    },
    /// Takes connections out of all their groups.
    RemoveAll {
        /// The connections, or the users, as with an add.
        audience: Audience,
    },
    /// Has the connections of users follow their lasting memberships, as the table names them by
    /// then.
    Settle {
        /// The users.
        users: Vec<UserId>,
        /// The groups that count; all of them when `None`.
        groups: Option<Vec<GroupName>>,
    },
    /// Shows what is retained for a group to those connections that are in it; changes nothing.
    Show {
        /// The connections, or the users, as with an add.
        audience: Audience,
        /// The group.
        group: GroupName,
    },
    /// Ends connections.
    Close {
        /// The connections to end.
        audience: Audience,
        /// The text of the clients' error, if they get one.
        reason: Option<String>,
        /// Whether clients may come back by themselves.
        allow_reconnect: bool,
        /// Whether tokens issued before now are refused, where the sender says so; see
        /// [`Action::revoked_users`].
        revoke: Option<bool>,
    },
    /// Ends users' connections and lets nobody connect as them.
    Block {
        /// The users.
        users: Vec<UserId>,
        /// For how long, in whole seconds; until unblocked when absent.
        ttl: Option<Duration>,
        /// On the notification's hub, or on all.
        scope: Scope,
    },
    /// Lets users connect again.
    Unblock {
        /// The users.
        users: Vec<UserId>,
        /// On the notification's hub, or on all. Each undoes a block of its own kind only.
        scope: Scope,
    },
}

impl Action {
    /// Whether the action counts on all hubs, whichever of them the envelope is for.
    pub const fn is_everywhere(&self) -> bool {
        matches!(
            self,
            Self::Block { scope: Scope::Everywhere, .. }
                | Self::Unblock { scope: Scope::Everywhere, .. }
        )
    }

    /// The users whose tokens from before are refused from now on: those whom a close logs out. A
    /// close of users that lets clients come back logs nobody out.
    pub fn revoked_users(&self) -> &[UserId] {
        match self {
            Self::Close { audience: Audience::Users(users), allow_reconnect, revoke, .. }
                if revoke.unwrap_or(!allow_reconnect) =>
            {
                users
            }
            _ => &[],
        }
    }

    /// The groups that it names.
    pub fn groups(&self) -> &[GroupName] {
        match self {
            Self::Add { groups, .. } | Self::Remove { groups, .. } => groups,
            Self::Settle { groups, .. } => groups.as_deref().unwrap_or_default(),
            Self::Show { group, .. } => std::slice::from_ref(group),
            Self::RemoveAll { .. }
            | Self::Close { .. }
            | Self::Block { .. }
            | Self::Unblock { .. } => &[],
        }
    }

    /// Its name in envelopes.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::RemoveAll { .. } => "removeAll",
            Self::Settle { .. } => "settle",
            Self::Show { .. } => "show",
            Self::Close { .. } => "close",
            Self::Block { .. } => "block",
            Self::Unblock { .. } => "unblock",
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Add { audience, .. }
            | Self::Remove { audience, .. }
            | Self::RemoveAll { audience }
            | Self::Show { audience, .. }
            | Self::Close { audience, .. } => audience.clone(),
            Self::Settle { users, .. }
            | Self::Block { users, .. }
            | Self::Unblock { users, .. } => Audience::Users(users.clone()),
        }
    }

    fn message_group(&self, hub: &HubName) -> MessageGroup {
        match self {
            Self::Add { audience, .. }
            | Self::Remove { audience, .. }
            | Self::RemoveAll { audience }
            | Self::Show { audience, .. }
            | Self::Close { audience, .. } => MessageGroup::of(hub, audience),
            Self::Settle { users, .. }
            | Self::Block { users, .. }
            | Self::Unblock { users, .. } => MessageGroup::of_users(hub, users),
        }
    }
}

/// Where a block counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// On one hub.
    Hub,
    /// On all hubs: the envelope says `"hub": "*"`.
    Everywhere,
}
