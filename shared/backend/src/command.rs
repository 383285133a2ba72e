//! Commands, as backends write them.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::payload::{not_json, properties, property, refuse_slips};
use super::{Payload, PayloadError};
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Action, Content};
use hubcast_model::id::{ConnectionId, GroupName, HubName};
use hubcast_model::message_group::MessageGroup;
use hubcast_model::properties::Properties;
use hubcast_model::spelling::hint;

/// The most commands of one call.
const COMMANDS_MAX: usize = 100;

/// The commands, and the properties of each.
const COMMANDS: [(&str, &[&str]); 4] = [
    ("SendMessage", &["type", "message"]),
    ("JoinGroup", &["type", "group"]),
    ("LeaveGroup", &["type", "group"]),
    ("CloseConnection", &["type", "reason", "allowReconnect"]),
];

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
        match kind(&properties)? {
            "SendMessage" => {
                let message = property(&properties, "message")?;
                let message = message.ok_or(PayloadError::Wrong("'message' is missing"))?;
                Payload::from_raw(message).map(Self::Send)
            }
            "JoinGroup" => group(&properties).map(Self::Join),
            "LeaveGroup" => group(&properties).map(Self::Leave),
            _ => Ok(Self::Close {
                reason: text(&properties, "reason")?,
                allow_reconnect: flag(&properties, "allowReconnect")?.unwrap_or(true),
            }),
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

/// What a command is, and that none of its properties looks like a slip of the pen.
fn kind(properties: &Properties<'_>) -> Result<&'static str, PayloadError> {
    let Some(shown) = text(properties, "type")? else {
        refuse_slips(properties, "command", &["type"])?;
        return Err(PayloadError::UnknownCommand(String::new()));
    };
    let known = || COMMANDS.iter().map(|(kind, _)| *kind);
    let command = COMMANDS.iter().find(|(kind, _)| kind.eq_ignore_ascii_case(&shown));
    let unknown = || PayloadError::UnknownCommand(hint(&shown, known()));
    let (kind, names) = command.ok_or_else(unknown)?;
    refuse_slips(properties, "command", names)?;
    Ok(kind)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(command: &str) -> String {
        Command::list(&format!("[{command}]")).unwrap_err().to_string()
    }

    #[test]
    fn a_slip_of_the_pen_is_named_with_what_was_meant() {
        let types = "'type' is SendMessage, JoinGroup, LeaveGroup or CloseConnection";
        let of_command = |name, meant| {
            format!("'{name}' is not a property of a command; did you mean '{meant}'?")
        };
        for (command, expected) in [
            (r#"{"type":"JoinGruop","group":"g"}"#, format!("{types}; did you mean 'JoinGroup'?")),
            (r#"{"type":"Explode"}"#, types.to_owned()),
            ("{}", types.to_owned()),
            (r#"{"tpye":"JoinGroup","group":"g"}"#, of_command("tpye", "type")),
            (r#"{"type":"JoinGroup","groups":"g"}"#, of_command("groups", "group")),
            (
                r#"{"type":"CloseConnection","allowReconect":false}"#,
                of_command("allowReconect", "allowReconnect"),
            ),
            (r#"{"type":"SendMessage","mesage":{"target":"t"}}"#, of_command("mesage", "message")),
        ] {
            assert_eq!(refusal(command), expected, "{command}");
        }
    }

    #[test]
    fn other_properties_mean_nothing_as_in_azure() {
        let command = r#"[{"TYPE":"closeconnection","Reason":"bye","other":1,"group":"g"}]"#;
        assert!(matches!(Command::list(command).unwrap()[..], [Command::Close { .. }]));
    }
}
