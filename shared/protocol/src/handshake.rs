//! The handshake: the first record each way.
//!
//! The client names a protocol and version; the server answers `{}` or an
//! error. The error text is the only one a browser shows on a failed start.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::json;
use crate::texts::echo;

/// The only protocol spoken.
pub const JSON: &str = "json";

/// The highest version taken. Version 2 differs from 1 only in stateful
/// reconnect, which a client may use only when negotiation offered it; it never
/// does, so 2 is taken as 1. Some clients that skip negotiation send 0.
pub const VERSION_MAX: i64 = 2;

/// The record that accepts a handshake, with its separator.
pub const ACCEPTED: &str = "{}\u{1e}";

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandshakeRequest {
    /// The protocol's name.
    pub protocol: String,
    /// The protocol's version.
    pub version: i64,
}

/// Why a handshake is refused; displays as the .NET server's texts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The record is no handshake request.
    #[error("An unexpected error occurred during connection handshake.")]
    Malformed,
    /// A protocol that exists but needs binary frames, which API Gateway does not carry.
    #[error(
        "Cannot use the '{0}' protocol on the current transport. The transport does not support 'Binary' transfer format."
    )]
    Binary(String),
    /// A protocol that does not exist.
    #[error("The protocol '{0}' is not supported.")]
    Protocol(String),
    /// A version that does not exist.
    #[error("The server does not support version {version} of the '{protocol}' protocol.")]
    Version {
        /// The version asked for.
        version: i64,
        /// The protocol asked for.
        protocol: String,
    },
}

/// Whether a record is a handshake request: it has a `protocol` and no `type`.
pub fn is_handshake(record: &str) -> bool {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(borrow)]
        protocol: Option<&'a serde_json::value::RawValue>,
        #[serde(rename = "type", borrow)]
        kind: Option<&'a serde_json::value::RawValue>,
    }
    json::object::<Shape<'_>>(record)
        .is_some_and(|shape| shape.protocol.is_some() && shape.kind.is_none())
}

impl HandshakeRequest {
    /// The request of a client that speaks JSON.
    pub fn json() -> Self {
        Self { protocol: JSON.to_owned(), version: 1 }
    }

    /// The request of a client that speaks JSON, and that may come back to its connection on another
    /// socket.
    pub fn json_stateful() -> Self {
        Self { protocol: JSON.to_owned(), version: VERSION_MAX }
    }

    /// The record of this request, with its separator.
    pub fn encode(&self) -> String {
        crate::message::terminated(self)
    }

    /// Reads a handshake request; unknown properties are ignored.
    ///
    /// # Errors
    /// [`HandshakeError::Malformed`] when a property is missing or of the wrong type.
    pub fn parse(record: &str) -> Result<Self, HandshakeError> {
        json::object(record).ok_or(HandshakeError::Malformed)
    }

    /// Checks that protocol and version are spoken here.
    ///
    /// # Errors
    /// The reason, as the .NET server words it.
    pub fn accept(&self) -> Result<(), HandshakeError> {
        // ASP.NET Core compares the names of protocols without case.
        match self.protocol.to_ascii_lowercase().as_str() {
            JSON if (0..=VERSION_MAX).contains(&self.version) => Ok(()),
            JSON => {
                Err(HandshakeError::Version { version: self.version, protocol: JSON.to_owned() })
            }
            "messagepack" => Err(HandshakeError::Binary(self.protocol.clone())),
            _ => Err(HandshakeError::Protocol(echo(&self.protocol).to_owned())),
        }
    }
}

/// The server's answer to a handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandshakeResponse<'a> {
    /// Why the handshake failed; absent or null on success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cow<'a, str>>,
}

impl HandshakeResponse<'_> {
    /// The record of this answer, with its separator.
    pub fn encode(&self) -> String {
        crate::message::terminated(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(record: &str) -> String {
        let request = HandshakeRequest::parse(record);
        request.and_then(|request| request.accept()).unwrap_err().to_string()
    }

    #[test]
    fn json_of_versions_0_to_2_is_accepted() {
        for version in 0..=2 {
            let record = format!(r#"{{"version":{version},"protocol":"json","extra":[1]}}"#);
            assert!(is_handshake(&record));
            assert_eq!(HandshakeRequest::parse(&record).unwrap().accept(), Ok(()));
        }
    }

    #[test]
    fn refusals_read_like_the_net_server() {
        assert_eq!(
            refusal(r#"{"protocol":"json","version":9001}"#),
            "The server does not support version 9001 of the 'json' protocol."
        );
        assert_eq!(
            refusal(r#"{"protocol":"x","version":1}"#),
            "The protocol 'x' is not supported."
        );
        assert_eq!(
            refusal(r#"{"protocol":"messagepack","version":1}"#),
            "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format."
        );
        for malformed in ["{}", "7", "x", r#"{"protocol":"json"}"#, r#"{"protocol":7,"version":1}"#]
        {
            assert_eq!(
                refusal(malformed),
                "An unexpected error occurred during connection handshake."
            );
        }
    }

    #[test]
    fn what_has_a_type_is_no_handshake() {
        assert!(!is_handshake(r#"{"type":1,"protocol":"json","version":1}"#));
        assert!(!is_handshake("{}"));
        assert!(!is_handshake("nonsense"));
    }

    #[test]
    fn requests_encode_and_decode() {
        let request = HandshakeRequest::json();
        assert_eq!(request.encode(), "{\"protocol\":\"json\",\"version\":1}\u{1e}");
        let encoded = request.encode();
        assert_eq!(HandshakeRequest::parse(encoded.trim_end_matches('\u{1e}')), Ok(request));
    }

    #[test]
    fn answers_encode_and_decode() {
        assert_eq!(HandshakeResponse { error: None }.encode(), ACCEPTED);
        let refused = HandshakeResponse { error: Some("no \u{1e} way".into()) };
        assert_eq!(refused.encode(), "{\"error\":\"no \\u001e way\"}\u{1e}");
        let null: HandshakeResponse<'_> = serde_json::from_str(r#"{"error":null}"#).unwrap();
        assert_eq!(null.error, None);
    }
}
