//! Events: what clients do, as backends hear of it by the upstream queue; and the envelope that
//! ends a wait for backends.

mod happened;
mod reply;

use std::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use signalr_protocol::message::Invocation;

use crate::client::Client;
use crate::id::{ConnectionId, HubName, NameError, UserId};
use crate::message_group::MessageGroup;
use crate::ports::UpstreamMessage;
use crate::queue_text;
use crate::time::{Timestamp, TimestampError};
use crate::trace::{self, Traceparent};
use crate::values::Values;

pub use happened::{cancelled, ended, invoked, started};
pub use reply::{answer, refusal, time_out};

const CONNECTED: &str = "connected";
const DISCONNECTED: &str = "disconnected";
const CANCELLED: &str = "cancelled";

/// What a client asks backends for.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method and its arguments.
    pub invocation: Invocation,
    /// Whether the client wants a stream.
    pub is_stream: bool,
}

/// What a client did.
#[derive(Debug, Clone)]
pub enum EventKind {
    /// The client has connected, and hears everything from now on.
    Connected,
    /// The client, of which backends heard, has ended.
    Disconnected {
        /// Why, where hubcast knows a reason.
        why: Option<String>,
    },
    /// The client invokes a method.
    Call(Call),
    /// The client waits no longer for the answer to a call.
    Cancelled {
        /// The id of the call.
        invocation_id: String,
    },
}

/// An event for backends.
#[derive(Debug, Clone)]
pub struct Event {
    /// The event's own id. It stays the same when the event comes again.
    pub id: String,
    /// The client.
    pub client: Client,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Whether the event was put off, since the endpoint did not take it in its turn.
    pub is_put_off: bool,
    /// How often the event was tried before it was put off.
    pub tries: u32,
    /// The trace within which it happened.
    pub trace: Option<Traceparent>,
}

/// The text is no event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The text is not JSON, or lacks a property.
    #[error("the event cannot be read")]
    Json(#[from] serde_json::Error),
    /// A name that is not allowed.
    #[error("a name of the event {0}")]
    Name(#[from] NameError),
    /// The time of the event is none.
    #[error("the event's time is {0}")]
    Time(#[from] TimestampError),
    /// An event of connections that is neither their beginning nor their end.
    #[error("the event is neither a beginning nor an end")]
    Unknown,
    /// A call without its method or its arguments.
    #[error("the call lacks its method or its arguments")]
    Incomplete,
}

/// What an event is about, in the words of Azure SignalR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Beginnings and ends of connections.
    Connections,
    /// Calls.
    Messages,
}

impl Category {
    /// The category as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Messages => "messages",
        }
    }
}

/// An event as it stands on the queue.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    #[serde(rename = "eventId")]
    id: String,
    category: Category,
    #[serde(rename = "event")]
    name: String,
    hub: String,
    connection_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(default)]
    claims: Values,
    #[serde(default)]
    query: Values,
    timestamp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arguments: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invocation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(rename = "stream", default, skip_serializing_if = "Not::not")]
    is_stream: bool,
    #[serde(rename = "putOff", default, skip_serializing_if = "Not::not")]
    is_put_off: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    tries: u32,
    #[serde(
        rename = "traceparent",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "trace::lenient"
    )]
    trace: Option<Traceparent>,
}

/// By reference, as serde asks.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Event {
    /// An event of a client that happens now, within the trace of this task.
    fn new(id: String, client: &Client, now: Timestamp, kind: EventKind) -> Self {
        let (client, trace) = (client.clone(), trace::current());
        Self { id, client, at: now, kind, is_put_off: false, tries: 0, trace }
    }

    /// The category.
    pub const fn category(&self) -> Category {
        match self.kind {
            EventKind::Connected | EventKind::Disconnected { .. } => Category::Connections,
            EventKind::Call(_) | EventKind::Cancelled { .. } => Category::Messages,
        }
    }

    /// `connected`, `disconnected`, `cancelled`, or the method of a call.
    pub fn name(&self) -> &str {
        match &self.kind {
            EventKind::Connected => CONNECTED,
            EventKind::Disconnected { .. } => DISCONNECTED,
            EventKind::Call(call) => &call.invocation.target,
            EventKind::Cancelled { .. } => CANCELLED,
        }
    }

    /// The message group that keeps the events of a connection, and the answers to its calls, in
    /// order.
    pub fn message_group(&self) -> MessageGroup {
        MessageGroup::of_connection(&self.client.hub, &self.client.connection)
    }

    /// The message group, and the id that no other message has, by which the event is enqueued.
    fn place(&self) -> (MessageGroup, String) {
        let Client { hub, connection, .. } = &self.client;
        if self.is_put_off {
            return (MessageGroup::of_later_events(hub, connection), format!("{}/later", self.id));
        }
        (self.message_group(), self.id.clone())
    }

    /// The same event, put off after so many tries: it comes behind those that were put off before
    /// it, in a message group in which nothing else waits for it.
    #[must_use]
    pub fn put_off(self, tries: u32) -> Self {
        Self { is_put_off: true, tries, ..self }
    }

    /// Whether the event is the beginning of a connection.
    pub const fn is_beginning(&self) -> bool {
        matches!(self.kind, EventKind::Connected)
    }

    /// The id of the call that the event is about, if the call has one.
    fn invocation_id(&self) -> Option<&str> {
        match &self.kind {
            EventKind::Connected | EventKind::Disconnected { .. } => None,
            EventKind::Call(call) => call.invocation.invocation_id.as_deref(),
            EventKind::Cancelled { invocation_id } => Some(invocation_id),
        }
    }

    /// The message that says this. Of a call's streams nothing is said: a call has none.
    pub fn to_message(&self) -> UpstreamMessage {
        let call = match &self.kind {
            EventKind::Call(call) => Some(call),
            _ => None,
        };
        let invocation = call.map(|call| call.invocation.clone());
        let json = Json {
            id: self.id.clone(),
            category: self.category(),
            name: self.name().to_owned(),
            hub: self.client.hub.to_string(),
            connection_id: self.client.connection.to_string(),
            user_id: self.client.user.as_ref().map(UserId::to_string),
            claims: self.client.claims.clone(),
            query: self.client.query.clone(),
            timestamp: self.at.to_rfc3339(),
            target: invocation.as_ref().map(|call| call.target.clone()),
            arguments: invocation.as_ref().map(|call| call.arguments.clone()),
            invocation_id: self.invocation_id().map(ToOwned::to_owned),
            error: match &self.kind {
                EventKind::Disconnected { why } => why.clone(),
                _ => None,
            },
            is_stream: call.is_some_and(|call| call.is_stream),
            is_put_off: self.is_put_off,
            tries: self.tries,
            trace: self.trace.clone(),
        };
        let (group, id) = self.place();
        UpstreamMessage { body: queue_text::json(&json), group, id }
    }

    /// Reads the body of a message.
    ///
    /// # Errors
    /// When it is no event.
    pub fn parse(body: &str) -> Result<Self, EventError> {
        let json: Json = serde_json::from_str(body)?;
        let user = json.user_id.as_deref().map(UserId::parse).transpose()?;
        let client = Client {
            hub: HubName::parse(&json.hub)?,
            connection: ConnectionId::parse(&json.connection_id)?,
            user,
            claims: json.claims,
            query: json.query,
        };
        let kind = match (json.category, json.name.as_str()) {
            (Category::Connections, CONNECTED) => EventKind::Connected,
            (Category::Connections, DISCONNECTED) => EventKind::Disconnected { why: json.error },
            (Category::Connections, _) => return Err(EventError::Unknown),
            // A method may have this name too, and then there is a target.
            (Category::Messages, CANCELLED) if json.target.is_none() => {
                let invocation_id = json.invocation_id.ok_or(EventError::Incomplete)?;
                EventKind::Cancelled { invocation_id }
            }
            (Category::Messages, _) => {
                let target = json.target.ok_or(EventError::Incomplete)?;
                let arguments = json.arguments.ok_or(EventError::Incomplete)?;
                let (invocation_id, stream_ids) = (json.invocation_id, Vec::new());
                let invocation = Invocation { invocation_id, target, arguments, stream_ids };
                EventKind::Call(Call { invocation, is_stream: json.is_stream })
            }
        };
        let (at, is_put_off) = (Timestamp::parse(&json.timestamp)?, json.is_put_off);
        let (id, tries, trace) = (json.id, json.tries, json.trace);
        Ok(Self { id, client, at, kind, is_put_off, tries, trace })
    }
}
