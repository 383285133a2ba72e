//! Records to messages.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Close, Completion, HubMessage, Invocation, Json, Outcome, StreamInvocation, StreamItem,
};
use crate::framing::RECORD_SEPARATOR;
use crate::json;

const TEXT: &str = "of type String";
const NUMBER: &str = "of type Number";
const ARRAY: &str = "of type Array";

/// A record that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// A message.
    Message(HubMessage),
    /// A message of a type that does not exist (yet); to be ignored.
    Unknown(i64),
}

/// Why a record is no hub message. The wording follows the .NET server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The record is not JSON.
    #[error("Error reading JSON.")]
    NotJson,
    /// The record is JSON, but not an object.
    #[error("Unexpected JSON Token Type '{found}'. Expected a JSON Object.")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// A property is of the wrong JSON type.
    #[error("Expected '{name}' to be {expected}.")]
    WrongType {
        /// The property.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A property that the message needs is missing.
    #[error("Missing required property '{name}'.")]
    Missing {
        /// The property.
        name: &'static str,
    },
    /// A completion with a result and an error.
    #[error("The 'error' and 'result' properties are mutually exclusive.")]
    ResultAndError,
}

impl HubMessage {
    /// Reads one record, without its separator.
    ///
    /// # Errors
    /// When the record breaks the protocol; the connection should be closed then.
    pub fn decode(record: &str) -> Result<Decoded, MessageError> {
        let fields = Fields::read(record)?;
        let message = match fields.kind()? {
            1 => Self::Invocation(fields.invocation()?),
            2 => Self::StreamItem(fields.stream_item()?),
            3 => Self::Completion(fields.completion()?),
            4 => Self::StreamInvocation(fields.stream_invocation()?),
            5 => Self::CancelInvocation { invocation_id: fields.required_id()? },
            6 => Self::Ping,
            7 => Self::Close(fields.close()?),
            8 => Self::Ack { sequence_id: fields.sequence_id()? },
            9 => Self::Sequence { sequence_id: fields.sequence_id()? },
            unknown => return Ok(Decoded::Unknown(unknown)),
        };
        Ok(Decoded::Message(message))
    }
}

/// The properties of any message, unread. Each is optional until its type is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(rename = "type", default, borrow, deserialize_with = "present")]
    kind: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    invocation_id: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    target: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    arguments: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    stream_ids: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    item: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    error: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    allow_reconnect: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    sequence_id: Option<&'a RawValue>,
}

/// Keeps a property that is null apart from one that is missing: a null result is a result.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Fields<'a> {
    fn read(record: &'a str) -> Result<Self, MessageError> {
        json::object(record).ok_or_else(|| match serde_json::from_str::<&RawValue>(record) {
            Ok(value) if !value.get().starts_with('{') => {
                MessageError::NotAnObject { found: token_type(value) }
            }
            _ => MessageError::NotJson,
        })
    }

    fn kind(&self) -> Result<i64, MessageError> {
        let kind = self.kind.ok_or(MessageError::Missing { name: "type" })?;
        typed(kind, "type", NUMBER)
    }

    fn invocation(&self) -> Result<Invocation, MessageError> {
        Ok(Invocation {
            invocation_id: self.optional_id()?,
            target: self.target()?,
            arguments: self.arguments()?,
            stream_ids: self.stream_ids()?,
        })
    }

    fn stream_invocation(&self) -> Result<StreamInvocation, MessageError> {
        Ok(StreamInvocation {
            invocation_id: self.required_id()?,
            target: self.target()?,
            arguments: self.arguments()?,
            stream_ids: self.stream_ids()?,
        })
    }

    fn stream_item(&self) -> Result<StreamItem, MessageError> {
        let invocation_id = self.required_id()?;
        let item = self.item.ok_or(MessageError::Missing { name: "item" })?;
        Ok(StreamItem { invocation_id, item: item.to_owned() })
    }

    fn completion(&self) -> Result<Completion, MessageError> {
        let invocation_id = self.required_id()?;
        let error: Option<String> = optional(self.error, "error", TEXT)?;
        let outcome = match (self.result, error) {
            (Some(_), Some(_)) => return Err(MessageError::ResultAndError),
            (Some(result), None) => Outcome::Result(result.to_owned()),
            (None, Some(error)) => Outcome::Error(error),
            (None, None) => Outcome::Void,
        };
        Ok(Completion { invocation_id, outcome })
    }

    fn close(&self) -> Result<Close, MessageError> {
        let allow_reconnect = optional(self.allow_reconnect, "allowReconnect", "true or false")?;
        Ok(Close {
            error: optional(self.error, "error", TEXT)?,
            allow_reconnect: allow_reconnect.unwrap_or(false),
        })
    }

    fn sequence_id(&self) -> Result<u64, MessageError> {
        let id = self.sequence_id.ok_or(MessageError::Missing { name: "sequenceId" })?;
        typed(id, "sequenceId", NUMBER)
    }

    /// Null and empty count as absent: the .NET server takes both for "no answer wanted".
    fn optional_id(&self) -> Result<Option<String>, MessageError> {
        let id: Option<String> = optional(self.invocation_id, "invocationId", TEXT)?;
        Ok(id.filter(|id| !id.is_empty()))
    }

    fn required_id(&self) -> Result<String, MessageError> {
        self.optional_id()?.ok_or(MessageError::Missing { name: "invocationId" })
    }

    fn target(&self) -> Result<String, MessageError> {
        let target: Option<String> = optional(self.target, "target", TEXT)?;
        let target = target.filter(|target| !target.is_empty());
        target.ok_or(MessageError::Missing { name: "target" })
    }

    /// Some clients leave `arguments` out of a call without any.
    fn arguments(&self) -> Result<Json, MessageError> {
        match self.arguments {
            Some(array) if array.get().starts_with('[') => Ok(array.to_owned()),
            Some(value) if value.get() != "null" => {
                Err(MessageError::WrongType { name: "arguments", expected: ARRAY })
            }
            _ => serde_json::from_str("[]").map_err(|_| MessageError::NotJson),
        }
    }

    fn stream_ids(&self) -> Result<Vec<String>, MessageError> {
        Ok(optional(self.stream_ids, "streamIds", ARRAY)?.unwrap_or_default())
    }
}

/// The type of a JSON value that is no object, as the .NET server calls it.
fn token_type(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'[') => "Array",
        Some(b'"') => "String",
        Some(b't') => "True",
        Some(b'f') => "False",
        Some(b'n') => "Null",
        _ => "Number",
    }
}

fn typed<'a, T: Deserialize<'a>>(
    value: &'a RawValue,
    name: &'static str,
    expected: &'static str,
) -> Result<T, MessageError> {
    serde_json::from_str(value.get()).map_err(|_| MessageError::WrongType { name, expected })
}

/// A property that may be missing or null.
fn optional<'a, T: Deserialize<'a>>(
    value: Option<&'a RawValue>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, MessageError> {
    value.map_or(Ok(None), |value| typed(value, name, expected))
}

impl Close {
    /// The Close that a record holds, with or without its separator; `None` for any other record.
    pub fn of_record(record: &str) -> Option<Self> {
        match HubMessage::decode(record.trim_end_matches(char::from(RECORD_SEPARATOR))) {
            Ok(Decoded::Message(HubMessage::Close(close))) => Some(close),
            _ => None,
        }
    }
}
