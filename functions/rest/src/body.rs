//! Bodies: what clients are to be called with, in the three types of the reference.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hubcast_backend::{Command, Payload, PayloadError, item_from_json, item_from_record};
use hubcast_model::mark::without_mark;
use rmpv::ValueRef;
use serde_json::value::RawValue;

use crate::answer::Refusal;
use crate::hub_message;
use crate::msgpack::{self, NoJson};

/// The largest body, as in Azure.
/// <https://learn.microsoft.com/azure/azure-signalr/signalr-reference-data-plane-rest-api>
pub(crate) const BODY_MAX_BYTES: usize = 1024 * 1024;

/// A body and what its type makes of it.
#[derive(Debug)]
pub(crate) enum Content {
    /// JSON, or `MessagePack` that was converted.
    Json(String),
    /// A record of the JSON hub protocol: an entry of a message that was encoded for each protocol.
    Record(String),
}

/// The types that a body may have.
enum Kind {
    Json,
    MessagePack,
    Encoded,
}

impl Content {
    /// Reads the body of an event.
    pub(crate) fn read(event: &ApiGatewayV2httpRequest) -> Result<Self, Refusal> {
        let kind = kind(event)?;
        let bytes = bytes(event)?;
        if bytes.len() > BODY_MAX_BYTES {
            let text = format!("a body takes at most {BODY_MAX_BYTES} bytes");
            return Err(Refusal::new(413, "Error.Request.TooLarge", text));
        }
        match kind {
            Kind::Json => Ok(Self::Json(text(bytes)?)),
            Kind::MessagePack => {
                let value =
                    msgpack::read(&bytes).and_then(|value| msgpack::json(&value.to_owned()));
                let json = value.map_err(|_| wrong("it is not MessagePack that JSON can say"))?;
                Ok(Self::Json(json.to_string()))
            }
            Kind::Encoded => {
                let map = msgpack::read(&bytes).map_err(|_| wrong("it is no map of protocols"))?;
                record(&map).map(Self::Record)
            }
        }
    }

    /// The commands that it lists.
    pub(crate) fn commands(&self) -> Result<Vec<Command>, Refusal> {
        match self {
            Self::Json(text) => Command::list(text).map_err(Refusal::from),
            Self::Record(_) => Err(wrong("commands are JSON")),
        }
    }

    /// The item of a stream that it is.
    pub(crate) fn item(&self) -> Result<Box<RawValue>, Refusal> {
        match self {
            Self::Json(text) => item_from_json(text).map_err(Refusal::from),
            Self::Record(text) => item_from_record(text).map_err(Refusal::from),
        }
    }

    /// The call that it is.
    pub(crate) fn payload(&self) -> Result<Payload, Refusal> {
        let payload = match self {
            Self::Json(text) => Payload::from_json(text),
            Self::Record(text) => Payload::from_record(text),
        };
        payload.map_err(Refusal::from)
    }
}

impl From<PayloadError> for Refusal {
    fn from(err: PayloadError) -> Self {
        wrong(&err.to_string())
    }
}

fn wrong(why: &str) -> Refusal {
    Refusal::bad(format!("the body is wrong: {why}"))
}

fn kind(event: &ApiGatewayV2httpRequest) -> Result<Kind, Refusal> {
    let header = event.headers.get("content-type").and_then(|value| value.to_str().ok());
    let name = header.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match name.to_ascii_lowercase().as_str() {
        "" | "application/json" | "text/json" => Ok(Kind::Json),
        "application/x-msgpack" => Ok(Kind::MessagePack),
        "application/octet-stream" => Ok(Kind::Encoded),
        _ => {
            let text =
                "a body is application/json, application/x-msgpack or application/octet-stream";
            Err(Refusal::new(415, "Error.Request.UnsupportedMediaType", text))
        }
    }
}

fn bytes(event: &ApiGatewayV2httpRequest) -> Result<Vec<u8>, Refusal> {
    let body = event.body.as_deref().unwrap_or_default();
    if !event.is_base64_encoded {
        return Ok(body.as_bytes().to_vec());
    }
    STANDARD.decode(body).map_err(|_| wrong("it cannot be decoded"))
}

fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
    Ok(without_mark(&text).to_owned())
}

/// The record that a map of protocols holds. Its text is taken as it is where there is one; what is
/// there for clients of `MessagePack` only is converted.
fn record(map: &ValueRef<'_>) -> Result<String, Refusal> {
    if let Some(json) = entry(map, "json") {
        return text(json.to_vec());
    }
    let encoded = entry(map, "messagepack");
    let encoded = encoded.ok_or_else(|| wrong("it has neither a 'json' nor a 'messagepack' entry"));
    hub_message::record(encoded?)
        .map_err(|NoJson| wrong("its 'messagepack' entry is no message that JSON can say"))
}

/// The bytes under a name of a map.
fn entry<'a>(map: &'a ValueRef<'_>, name: &str) -> Option<&'a [u8]> {
    let ValueRef::Map(entries) = map else {
        return None;
    };
    let is_it =
        |key: &ValueRef<'_>| matches!(key, ValueRef::String(key) if key.as_str() == Some(name));
    match entries.iter().find(|(key, _)| is_it(key))? {
        (_, ValueRef::Binary(bytes)) => Some(bytes),
        (_, ValueRef::String(text)) => Some(text.as_bytes()),
        _ => None,
    }
}
