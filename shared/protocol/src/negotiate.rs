//! The bodies of negotiation, versions 0 and 1.
//!
//! Only WebSockets with text frames are offered.
//! After <https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/TransportProtocols.md>.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which shape of answer a client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegotiateVersion {
    /// The connection id is also what the socket names.
    V0,
    /// The socket names a separate, secret connection token.
    V1,
}

/// The `negotiateVersion` of the query is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the negotiateVersion is not a number")]
pub struct NegotiateVersionError;

impl NegotiateVersion {
    /// The version to answer: 0 when absent, and the highest known one at the most.
    ///
    /// # Errors
    /// When the value is no number.
    pub fn from_query(value: Option<&str>) -> Result<Self, NegotiateVersionError> {
        match value.map(str::parse::<u32>) {
            None | Some(Ok(0)) => Ok(Self::V0),
            Some(Ok(_)) => Ok(Self::V1),
            Some(Err(_)) => Err(NegotiateVersionError),
        }
    }
}

/// A transport that the server speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transport {
    /// Its name.
    pub transport: String,
    /// The formats it carries.
    pub transfer_formats: Vec<String>,
}

impl Transport {
    /// WebSockets with text frames: what API Gateway carries.
    pub fn web_sockets() -> Self {
        Self { transport: "WebSockets".to_owned(), transfer_formats: vec!["Text".to_owned()] }
    }
}

/// The answer that lets a client open its socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NegotiateResponse {
    /// The version of this answer.
    pub negotiate_version: u32,
    /// The public id; in version 0 also what the socket names.
    pub connection_id: String,
    /// What the socket names, secret; absent in version 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_token: Option<String>,
    /// The transports on offer.
    pub available_transports: Vec<Transport>,
    /// Whether the client may come back to this connection on another socket. A client that did not
    /// ask for this fails.
    #[serde(default, skip_serializing_if = "is_false")]
    pub use_stateful_reconnect: bool,
    /// For how many seconds the token is good, where the client should refresh it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_seconds: Option<LifetimeSeconds>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl NegotiateResponse {
    /// The answer in the shape that `version` understands.
    ///
    /// A client of version 0 takes the token for its connection id.
    pub fn new(version: NegotiateVersion, connection_id: String, connection_token: String) -> Self {
        let available_transports = vec![Transport::web_sockets()];
        match version {
            NegotiateVersion::V0 => Self {
                negotiate_version: 0,
                connection_id: connection_token,
                connection_token: None,
                available_transports,
                use_stateful_reconnect: false,
                token_lifetime_seconds: None,
            },
            NegotiateVersion::V1 => Self {
                negotiate_version: 1,
                connection_id,
                connection_token: Some(connection_token),
                available_transports,
                use_stateful_reconnect: false,
                token_lifetime_seconds: None,
            },
        }
    }

    /// The same answer, which lets the client come back on another socket.
    #[must_use]
    pub const fn with_stateful_reconnect(mut self) -> Self {
        self.use_stateful_reconnect = true;
        self
    }
}

/// The answer that sends a client elsewhere, where it negotiates again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redirect {
    /// Where to; `https`, since the client posts there first.
    pub url: String,
    /// The token for there.
    pub access_token: String,
    /// Always empty. Some clients fail without it, as Azure SignalR found out.
    pub available_transports: Vec<Transport>,
    /// For how many seconds the token is good, where the client should refresh it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_seconds: Option<LifetimeSeconds>,
}

impl Redirect {
    /// A redirect to `url` with a token for it.
    pub const fn new(url: String, access_token: String) -> Self {
        let available_transports = Vec::new();
        Self { url, access_token, available_transports, token_lifetime_seconds: None }
    }
}

/// The answer to a refresh. Clients take it for a JSON object, be it an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshResponse {
    /// The token for the next connection, where the client was sent elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// For how many seconds the new token is good; without it the client refreshes no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_seconds: Option<LifetimeSeconds>,
}

/// How long a token is good: whole seconds from 1 to 2^31 - 1. The .NET client fails on any other
/// number, and takes no 0 for a lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LifetimeSeconds(NonZeroU32);

impl LifetimeSeconds {
    /// The whole seconds of a lifetime; `None` for less than one. A longer one than clients read is
    /// cut.
    pub fn of(lifetime: Duration) -> Option<Self> {
        let seconds = i32::try_from(lifetime.as_secs()).unwrap_or(i32::MAX);
        NonZeroU32::new(seconds.unsigned_abs()).map(Self)
    }
}

/// The answer that stops a client; it shows the text and does not retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The text.
    pub error: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answered_version_is_the_highest_both_know() {
        assert_eq!(NegotiateVersion::from_query(None), Ok(NegotiateVersion::V0));
        assert_eq!(NegotiateVersion::from_query(Some("0")), Ok(NegotiateVersion::V0));
        assert_eq!(NegotiateVersion::from_query(Some("1")), Ok(NegotiateVersion::V1));
        assert_eq!(NegotiateVersion::from_query(Some("7")), Ok(NegotiateVersion::V1));
        assert_eq!(NegotiateVersion::from_query(Some("x")), Err(NegotiateVersionError));
    }

    #[test]
    fn bodies_are_what_clients_read() {
        let v1 = NegotiateResponse::new(NegotiateVersion::V1, "id".into(), "id.sig".into());
        assert_eq!(
            serde_json::to_string(&v1).unwrap(),
            r#"{"negotiateVersion":1,"connectionId":"id","connectionToken":"id.sig","availableTransports":[{"transport":"WebSockets","transferFormats":["Text"]}]}"#
        );
        let v0 = NegotiateResponse::new(NegotiateVersion::V0, "id".into(), "id.sig".into());
        assert_eq!(
            serde_json::to_string(&v0).unwrap(),
            r#"{"negotiateVersion":0,"connectionId":"id.sig","availableTransports":[{"transport":"WebSockets","transferFormats":["Text"]}]}"#
        );
        let stateful = serde_json::to_string(&v1.with_stateful_reconnect()).unwrap();
        assert!(stateful.ends_with(r#","useStatefulReconnect":true}"#), "{stateful}");
        let lifetime = LifetimeSeconds::of(Duration::from_millis(3_600_999));
        let refreshed = Redirect {
            token_lifetime_seconds: lifetime,
            ..Redirect::new("https://h/client/?hub=n".into(), "t".into())
        };
        assert_eq!(
            serde_json::to_string(&refreshed).unwrap(),
            r#"{"url":"https://h/client/?hub=n","accessToken":"t","availableTransports":[],"tokenLifetimeSeconds":3600}"#
        );
        assert_eq!(serde_json::to_string(&RefreshResponse::default()).unwrap(), "{}");
        let refreshed =
            RefreshResponse { access_token: Some("t".into()), token_lifetime_seconds: lifetime };
        assert_eq!(
            serde_json::to_string(&refreshed).unwrap(),
            r#"{"accessToken":"t","tokenLifetimeSeconds":3600}"#
        );
        let redirect = Redirect::new("https://h/client/?hub=n".into(), "t".into());
        assert_eq!(
            serde_json::to_string(&redirect).unwrap(),
            r#"{"url":"https://h/client/?hub=n","accessToken":"t","availableTransports":[]}"#
        );
    }

    #[test]
    fn a_lifetime_is_a_number_that_clients_read_or_none() {
        let written = |lifetime| LifetimeSeconds::of(lifetime).map(|it| json!(it));
        assert_eq!(written(Duration::from_millis(999)), None);
        assert_eq!(written(Duration::from_secs(1)), Some(json!(1)));
        assert_eq!(written(Duration::MAX), Some(json!(i32::MAX)));
    }
}
