//! Messages to records.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::{Close, Completion, HubMessage, Invocation, Outcome};
use crate::framing::RECORD_SEPARATOR;

/// A ping, with its separator; also the answer to one.
pub const PING: &str = "{\"type\":6}\u{1e}";

impl HubMessage {
    /// The message as one record, with its separator.
    pub fn encode(&self) -> String {
        match self {
            Self::Ping => PING.to_owned(),
            message => terminated(message),
        }
    }
}

/// A call that expects no answer, as one record with its separator.
///
/// `arguments` is a JSON array and is copied byte for byte.
pub fn invocation_record(target: &str, arguments: &RawValue) -> String {
    #[derive(Serialize)]
    struct Call<'a> {
        #[serde(rename = "type")]
        kind: u8,
        target: &'a str,
        arguments: &'a RawValue,
    }
    terminated(&Call { kind: 1, target, arguments })
}

/// Serialises a value and ends the record.
pub(crate) fn terminated(value: &impl Serialize) -> String {
    // Neither maps with keys that are no texts nor failing writers occur here,
    // the two ways in which serde_json can fail.
    let mut record = serde_json::to_string(value).unwrap_or_default();
    record.push(char::from(RECORD_SEPARATOR));
    record
}

impl Serialize for HubMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.kind())?;
        match self {
            Self::Invocation(call) => invocation(&mut map, call)?,
            Self::StreamInvocation(call) => {
                map.serialize_entry("invocationId", &call.invocation_id)?;
                called(&mut map, &call.target, &call.arguments, &call.stream_ids)?;
            }
            Self::StreamItem(item) => {
                map.serialize_entry("invocationId", &item.invocation_id)?;
                map.serialize_entry("item", &item.item)?;
            }
            Self::Completion(end) => completion(&mut map, end)?,
            Self::CancelInvocation { invocation_id } => {
                map.serialize_entry("invocationId", invocation_id)?;
            }
            Self::Ping => {}
            Self::Close(end) => close(&mut map, end)?,
            Self::Ack { sequence_id } | Self::Sequence { sequence_id } => {
                map.serialize_entry("sequenceId", sequence_id)?;
            }
        }
        map.end()
    }
}

impl HubMessage {
    const fn kind(&self) -> u8 {
        match self {
            Self::Invocation(_) => 1,
            Self::StreamItem(_) => 2,
            Self::Completion(_) => 3,
            Self::StreamInvocation(_) => 4,
            Self::CancelInvocation { .. } => 5,
            Self::Ping => 6,
            Self::Close(_) => 7,
            Self::Ack { .. } => 8,
            Self::Sequence { .. } => 9,
        }
    }
}

fn invocation<M: SerializeMap>(map: &mut M, call: &Invocation) -> Result<(), M::Error> {
    if let Some(id) = call.invocation_id.as_deref().filter(|id| !id.is_empty()) {
        map.serialize_entry("invocationId", id)?;
    }
    called(map, &call.target, &call.arguments, &call.stream_ids)
}

fn called<M: SerializeMap>(
    map: &mut M,
    target: &str,
    arguments: &RawValue,
    stream_ids: &[String],
) -> Result<(), M::Error> {
    map.serialize_entry("target", target)?;
    map.serialize_entry("arguments", arguments)?;
    if !stream_ids.is_empty() {
        map.serialize_entry("streamIds", stream_ids)?;
    }
    Ok(())
}

fn completion<M: SerializeMap>(map: &mut M, end: &Completion) -> Result<(), M::Error> {
    map.serialize_entry("invocationId", &end.invocation_id)?;
    match &end.outcome {
        Outcome::Void => Ok(()),
        Outcome::Result(result) => map.serialize_entry("result", result),
        Outcome::Error(error) => map.serialize_entry("error", error),
    }
}

fn close<M: SerializeMap>(map: &mut M, end: &Close) -> Result<(), M::Error> {
    if let Some(error) = &end.error {
        map.serialize_entry("error", error)?;
    }
    if end.allow_reconnect {
        map.serialize_entry("allowReconnect", &true)?;
    }
    Ok(())
}
