//! Envelopes as the queue takes them.

use serde::Serialize;
use serde_json::value::RawValue;

use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::recipient::Recipient;

/// An envelope to write. What is `None` is left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    pub(super) hub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) everyone: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) excluded_connection_ids: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allow_reconnect: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revoke: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invocation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// An envelope for someone, which does not say yet what to deliver or do.
    pub(super) fn to(hub: &'a HubName, recipient: &'a Recipient) -> Self {
        let mut envelope = Self { hub: hub.as_str(), ..Self::default() };
        match recipient {
            Recipient::Connection(connection) => envelope.connection_id = Some(connection.as_str()),
            Recipient::User(user) => envelope.user_id = Some(user.as_str()),
            Recipient::Group(group) => envelope.group_name = Some(group.as_str()),
            Recipient::Hub => envelope.everyone = Some(true),
        }
        envelope
    }

    /// Leaves connections out.
    pub(super) fn without(mut self, excluded: &'a [ConnectionId]) -> Self {
        self.excluded_connection_ids = excluded.iter().map(ConnectionId::as_str).collect();
        self
    }

    /// The envelope as JSON that SQS takes: two characters that it refuses are escaped, which in
    /// JSON they may always be, since outside of texts they do not occur.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
    pub(super) fn json(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        if json.contains(['\u{fffe}', '\u{ffff}']) {
            return json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
        }
        json
    }
}
