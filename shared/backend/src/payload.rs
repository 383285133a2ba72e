//! What a backend wants a client to be called with.

use serde_json::value::RawValue;
use signalr_protocol::depth::is_too_deep;
use signalr_protocol::framing::RECORD_SEPARATOR;
use signalr_protocol::message::{Decoded, HubMessage, Invocation, StreamItem};

use hubcast_model::audience::Audience;
use hubcast_model::envelope::Content;
use hubcast_model::properties::Properties;
use hubcast_model::spelling::nearest;

/// A call of a client's method.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The name of the client's method; not empty.
    pub target: String,
    /// The arguments, a JSON array.
    pub arguments: Box<RawValue>,
}

/// Why a body is no payload. The texts are for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON at all.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// A property that looks like a slip of the pen.
    #[error("'{name}' is not a property of a {kind}; did you mean '{meant}'?")]
    Misspelt {
        /// The name.
        name: String,
        /// What has the property.
        kind: &'static str,
        /// The property that is nearest.
        meant: &'static str,
    },
    /// A command that nobody knows, and a hint when it looks like a slip of the pen.
    #[error("'type' is SendMessage, JoinGroup, LeaveGroup or CloseConnection{0}")]
    UnknownCommand(String),
    /// JSON, but not of the expected shape.
    #[error("{0}")]
    Wrong(&'static str),
}

/// The properties of a call.
const NAMES: [&str; 2] = ["target", "arguments"];

const NOT_AN_OBJECT: PayloadError =
    PayloadError::Wrong("it must be an object such as {\"target\":\"notify\",\"arguments\":[]}");

const TOO_DEEP: PayloadError = PayloadError::Wrong("'arguments' nests too deep");

impl Payload {
    /// Reads `{"target": "..", "arguments": [..]}`; names in any case, other properties ignored.
    ///
    /// # Errors
    /// When the text is nothing like that.
    pub fn from_json(text: &str) -> Result<Self, PayloadError> {
        let json: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        Self::from_raw(json)
    }

    pub(super) fn from_raw(json: &RawValue) -> Result<Self, PayloadError> {
        let properties = properties(json)?;
        refuse_slips(&properties, "call", &NAMES)?;
        let target = property(&properties, "target")?;
        let target: Option<String> = target.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let target = target.filter(|target| !target.is_empty());
        let target = target.ok_or(PayloadError::Wrong("'target' must be a text, and not empty"))?;
        let arguments = match property(&properties, "arguments")? {
            Some(raw) if raw.get().starts_with('[') => raw.to_owned(),
            Some(raw) if raw.get() != "null" => {
                return Err(PayloadError::Wrong("'arguments' must be an array"));
            }
            Some(_) | None => serde_json::from_str("[]").map_err(not_json)?,
        };
        if is_too_deep(arguments.get(), 1) {
            return Err(TOO_DEEP);
        }
        Ok(Self { target, arguments })
    }

    /// The message that calls the clients of an audience.
    pub(crate) fn message(&self, audience: Audience) -> Content {
        let (target, arguments) = (self.target.clone(), self.arguments.clone());
        Content::Message { audience, target, arguments }
    }

    /// Reads a call as the JSON hub protocol encodes it: one record.
    ///
    /// # Errors
    /// When the text is no call.
    pub fn from_record(text: &str) -> Result<Self, PayloadError> {
        match decoded(text)? {
            HubMessage::Invocation(Invocation { target, arguments, .. }) if !target.is_empty() => {
                Ok(Self { target, arguments })
            }
            _ => Err(PayloadError::Wrong("its 'json' entry is no invocation")),
        }
    }
}

/// Other properties mean nothing, as in Azure. One that nearly is one of ours would be lost.
pub(super) fn refuse_slips(
    properties: &Properties<'_>,
    kind: &'static str,
    names: &[&'static str],
) -> Result<(), PayloadError> {
    let is_known = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut unknown = properties.0.iter().map(|(name, _)| name).filter(|name| !is_known(name));
    let slip = unknown.find_map(|name| Some((name, nearest(name, names.iter().copied())?)));
    slip.map_or(Ok(()), |(name, meant)| {
        let name = name.escape_debug().to_string();
        Err(PayloadError::Misspelt { name, kind, meant })
    })
}

/// The item of a stream, as JSON.
///
/// # Errors
/// When the text is no JSON, or nests deeper than clients read.
pub fn item_from_json(text: &str) -> Result<Box<RawValue>, PayloadError> {
    let item: Box<RawValue> = serde_json::from_str(text).map_err(not_json)?;
    if is_too_deep(item.get(), 1) {
        return Err(PayloadError::Wrong("the item nests too deep"));
    }
    Ok(item)
}

/// The item of a stream, as the JSON hub protocol encodes it: one record.
///
/// # Errors
/// When the text is no item.
pub fn item_from_record(text: &str) -> Result<Box<RawValue>, PayloadError> {
    match decoded(text)? {
        HubMessage::StreamItem(StreamItem { item, .. }) => Ok(item),
        _ => Err(PayloadError::Wrong("its 'json' entry is no item of a stream")),
    }
}

fn decoded(text: &str) -> Result<HubMessage, PayloadError> {
    let record = text.strip_suffix(char::from(RECORD_SEPARATOR)).unwrap_or(text);
    match HubMessage::decode(record) {
        Ok(Decoded::Message(message)) => Ok(message),
        _ => Err(PayloadError::Wrong("its 'json' entry is no hub message")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
pub(super) fn not_json(err: serde_json::Error) -> PayloadError {
    PayloadError::NotJson(err.to_string())
}

/// An object's properties.
pub(super) fn properties(json: &RawValue) -> Result<Properties<'_>, PayloadError> {
    if !json.get().starts_with('{') {
        return Err(NOT_AN_OBJECT);
    }
    serde_json::from_str(json.get()).map_err(not_json)
}

/// The one property of this name, in whatever case.
pub(super) fn property<'a>(
    properties: &Properties<'a>,
    name: &str,
) -> Result<Option<&'a RawValue>, PayloadError> {
    let mut named = properties.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    match (named.next(), named.next()) {
        (found, None) => Ok(found.map(|(_, value)| *value)),
        _ => Err(PayloadError::Wrong("a property stands there twice")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String), PayloadError> {
        Payload::from_json(text).map(|p| (p.target, p.arguments.get().to_owned()))
    }

    #[test]
    fn names_come_in_any_case_and_arguments_keep_their_text() {
        let expected = ("m".to_owned(), "[1.0, {\"A\":null}]".to_owned());
        for text in [
            "{\"target\":\"m\",\"arguments\":[1.0, {\"A\":null}]}",
            "{\"Arguments\":[1.0, {\"A\":null}],\"Target\":\"m\"}",
            " {\"TARGET\":\"m\",\"arguments\":[1.0, {\"A\":null}],\"other\":1} ",
        ] {
            assert_eq!(read(text), Ok(expected.clone()), "{text}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_does_not_lose_the_arguments() {
        for (name, meant) in [("argument", "arguments"), ("Argumetns", "arguments")] {
            let err = read(&format!("{{\"target\":\"m\",\"{name}\":[1]}}")).unwrap_err();
            let name = name.to_owned();
            assert_eq!(err, PayloadError::Misspelt { name, kind: "call", meant });
        }
    }

    #[test]
    fn no_arguments_are_an_empty_list() {
        for text in ["{\"target\":\"m\"}", "{\"target\":\"m\",\"arguments\":null}"] {
            assert_eq!(read(text), Ok(("m".to_owned(), "[]".to_owned())), "{text}");
        }
    }

    #[test]
    fn what_calls_nothing_is_refused() {
        for text in [
            "",
            "[]",
            "\"m\"",
            "{}",
            "{\"target\":\"\"}",
            "{\"target\":1}",
            "{\"target\":null}",
            "{\"target\":\"m\",\"arguments\":{}}",
            "{\"target\":\"m\",\"arguments\":\"\"}",
            "{\"target\":\"m\",\"Target\":\"n\"}",
            "{\"target\":\"m\"",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_nests_deeper_than_clients_read_is_refused() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let call = |levels| format!("{{\"target\":\"m\",\"arguments\":[{}]}}", nested(levels));
        assert!(read(&call(62)).is_ok());
        assert_eq!(read(&call(63)), Err(TOO_DEEP));
        let record = |levels| format!("{{\"type\":1,{}", &call(levels)[1..]);
        assert!(Payload::from_record(&record(62)).is_ok());
        assert!(Payload::from_record(&record(63)).is_err());
        assert!(item_from_json(&nested(63)).is_ok() && item_from_json(&nested(64)).is_err());
        let item =
            |levels| format!("{{\"type\":2,\"invocationId\":\"s\",\"item\":{}}}", nested(levels));
        assert!(item_from_record(&item(63)).is_ok() && item_from_record(&item(64)).is_err());
    }

    #[test]
    fn a_record_of_the_json_protocol_is_a_call() {
        for text in [
            "{\"type\":1,\"target\":\"m\",\"arguments\":[1]}\u{1e}",
            "{\"type\":1,\"target\":\"m\",\"arguments\":[1]}",
        ] {
            let payload = Payload::from_record(text).unwrap();
            assert_eq!((&*payload.target, payload.arguments.get()), ("m", "[1]"));
        }
        for text in ["", "{\"type\":6}\u{1e}", "{\"type\":1,\"target\":\"\",\"arguments\":[]}"] {
            assert!(Payload::from_record(text).is_err(), "{text}");
        }
    }
}
