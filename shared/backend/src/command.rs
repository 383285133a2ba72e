//! Commands, as backends write them.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::payload::{not_json, properties, property};
use super::{Payload, PayloadError};
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Action, Content};
use hubcast_model::id::{ConnectionId, GroupName, HubName};
use hubcast_model::message_group::MessageGroup;
use hubcast_model::properties::Properties;

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
    /// Ends it.
    Close {
        /// The text of the error that its client reports.
        reason: Option<String>,
        /// Whether its client may come back by itself.
        allow_reconnect: bool,
    },
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
        match text(&properties, "type")?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "sendmessage" => {
                let message = property(&properties, "message")?;
                let message = message.ok_or(PayloadError::Wrong("'message' is missing"))?;
                Payload::from_raw(message).map(Self::Send)
            }
            "joingroup" => group(&properties).map(Self::Join),
            "leavegroup" => group(&properties).map(Self::Leave),
            "closeconnection" => Ok(Self::Close {
                reason: text(&properties, "reason")?,
                allow_reconnect: flag(&properties, "allowReconnect")?.unwrap_or(true),
            }),
            _ => Err(PayloadError::Wrong(
                "'type' is SendMessage, JoinGroup, LeaveGroup or CloseConnection",
            )),
        }
    }

    /// The message group it stays in order with: that of what everyone gets, or of what the group
    /// gets.
    pub(crate) fn message_group(&self, hub: &HubName) -> MessageGroup {
        match self {
            Self::Join(group) | Self::Leave(group) => MessageGroup::of_group(hub, group),
            Self::Send(_) | Self::Close { .. } => MessageGroup::of(hub, &Audience::Hub),
        }
    }

    /// What the publisher does with a connection.
    pub(crate) fn content(&self, connection: &ConnectionId) -> Content {
        let audience = Audience::Connection(connection.clone());
        match self {
            Self::Send(payload) => payload.message(audience),
            Self::Join(group) => {
                Content::Action(Action::Add { audience, groups: vec![group.clone()], ttl: None })
            }
            Self::Leave(group) => {
                Content::Action(Action::Remove { audience, groups: vec![group.clone()] })
            }
            Self::Close { reason, allow_reconnect } => Content::Action(Action::Close {
                audience,
                reason: reason.clone(),
                allow_reconnect: *allow_reconnect,
                revoke: None,
            }),
        }
    }
}

fn text(properties: &Properties<'_>, name: &str) -> Result<Option<String>, PayloadError> {
    value(properties, name, PayloadError::Wrong("a text of a command is none"))
}

fn flag(properties: &Properties<'_>, name: &str) -> Result<Option<bool>, PayloadError> {
    value(properties, name, PayloadError::Wrong("'allowReconnect' is true or false"))
}

/// A property that may be missing or null.
fn value<T: DeserializeOwned>(
    properties: &Properties<'_>,
    name: &str,
    wrong: PayloadError,
) -> Result<Option<T>, PayloadError> {
    let raw = property(properties, name)?.filter(|raw| raw.get() != "null");
    raw.map(|raw| serde_json::from_str(raw.get()).map_err(|_| wrong)).transpose()
}

fn group(properties: &Properties<'_>) -> Result<GroupName, PayloadError> {
    let name = text(properties, "group")?.unwrap_or_default();
    GroupName::parse(&name).map_err(|_| PayloadError::Wrong("'group' is no name of a group"))
}
