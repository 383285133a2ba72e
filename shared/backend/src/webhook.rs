//! Events as webhooks of Azure SignalR, and what their answers mean.
//!
//! Bodies and headers are those that the `SignalRTrigger` of Azure Functions
//! reads.

mod template;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;
use signalr_protocol::message::{
    Completion, Decoded, HubMessage, Invocation, Outcome, StreamInvocation,
};
use signalr_protocol::texts;

use hubcast_model::client::Values;
use hubcast_model::event::{Reply, answer};
use hubcast_model::frame::RECORD_MAX_BYTES;
use hubcast_model::time::Timestamp;

pub use template::{TemplateError, Templates};

const RECORD_SEPARATOR: char = '\u{1e}';

/// An event as it was read from the queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeardEvent {
    /// The event's own id; it stays the same when the event comes again.
    pub event_id: String,
    /// `connections` or `messages`.
    pub category: String,
    /// `connected`, `disconnected`, or the method that is invoked.
    pub event: String,
    /// The hub.
    pub hub: String,
    /// The connection.
    pub connection_id: String,
    /// The user, unless anonymous.
    #[serde(default)]
    pub user_id: Option<String>,
    #[serde(default)]
    claims: Values,
    #[serde(default)]
    query: Values,
    timestamp: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    arguments: Option<Box<RawValue>>,
    /// The id of an invocation that wants an answer.
    #[serde(default)]
    pub invocation_id: Option<String>,
    #[serde(default, rename = "stream")]
    is_stream: bool,
}

impl HeardEvent {
    /// Reads an event.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(body: &str) -> serde_json::Result<Self> {
        serde_json::from_str(body)
    }

    /// When it happened; `None` when it does not say.
    pub fn happened_at(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.timestamp).ok()
    }

    /// The message group of what is sent to the connection.
    pub fn group(&self) -> String {
        format!("{}:connection:{}", self.hub, self.connection_id)
    }

    /// The body of the request.
    pub fn body(&self) -> String {
        match (&self.target, &self.arguments, self.event.as_str()) {
            (Some(target), Some(arguments), _) => {
                let record = self.call(target.clone(), arguments.clone()).encode();
                record.trim_end_matches(RECORD_SEPARATOR).to_owned()
            }
            (_, _, "connected") => r#"{"type":10}"#.to_owned(),
            _ => r#"{"type":11}"#.to_owned(),
        }
    }

    fn call(&self, target: String, arguments: Box<RawValue>) -> HubMessage {
        let (invocation_id, stream_ids) = (self.invocation_id.clone(), Vec::new());
        if !self.is_stream {
            return HubMessage::Invocation(Invocation {
                invocation_id,
                target,
                arguments,
                stream_ids,
            });
        }
        let invocation_id = invocation_id.unwrap_or_default();
        let call = StreamInvocation { invocation_id, target, arguments, stream_ids };
        HubMessage::StreamInvocation(call)
    }

    /// The headers that say what the event is, signatures aside.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let claims = Some(self.claims_text()).filter(|text| !text.is_empty());
        let query = (!self.query.is_empty()).then(|| self.query_text());
        let entries = [
            ("X-ASRS-Connection-Id", Some(self.connection_id.clone())),
            ("X-ASRS-Hub", Some(self.hub.clone())),
            ("X-ASRS-Category", Some(self.category.clone())),
            ("X-ASRS-Event", Some(self.event.clone())),
            ("X-ASRS-User-Id", self.user_id.clone()),
            ("X-ASRS-User-Claims", claims),
            ("X-ASRS-Client-Query", query),
            ("X-Hubcast-Event-Id", Some(self.event_id.clone())),
        ];
        let present = entries.into_iter().filter_map(|(name, value)| Some((name, value?)));
        present.map(|(name, value)| (name, in_a_header(&value))).collect()
    }

    /// `type: value` items, in the form that Azure Functions reads. It splits them at commas, so
    /// what would read as more or other claims is left out.
    fn claims_text(&self) -> String {
        let claims = self.claims.iter();
        let all = claims.flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let plain = all.filter(|(name, value)| {
            !name.contains(',') && !value.contains(',') && !in_a_header(name).contains(": ")
        });
        plain.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
    }

    fn query_text(&self) -> String {
        let escaped = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let items = self.query.iter().flat_map(|(name, values)| {
            values.iter().map(move |value| format!("{}={}", escaped(name), escaped(value)))
        });
        format!("?{}", items.collect::<Vec<_>>().join("&"))
    }

    /// The envelope of the answer that an endpoint gave by this status and body; `None` when
    /// nothing answers a stream, whose items come by themselves.
    pub fn answered(&self, status: u16, body: &[u8]) -> Option<String> {
        if !matches!(status, 200 | 204) {
            return Some(self.failed(&format!("Invocation failed, status code {status}")));
        }
        let goes_on = self.is_stream && body.is_empty();
        (!goes_on).then(|| self.completed(body))
    }

    fn completed(&self, body: &[u8]) -> String {
        match std::str::from_utf8(body).ok().and_then(outcome) {
            Some(outcome) if self.fits(&outcome) => self.envelope(&outcome),
            // It may be one, of which not all was read.
            None if body.len() <= RECORD_MAX_BYTES => {
                self.failed("Invocation failed, the answer is not a completion")
            }
            _ => self.failed("Invocation failed, the answer is too large"),
        }
    }

    /// Whether a socket takes an outcome.
    fn fits(&self, outcome: &Outcome) -> bool {
        let invocation_id = self.invocation_id.clone().unwrap_or_default();
        let completion = Completion { invocation_id, outcome: outcome.clone() };
        HubMessage::Completion(completion).encode().len() <= RECORD_MAX_BYTES
    }

    /// The envelope of an answer that the endpoint did not give.
    pub fn failed(&self, error: &str) -> String {
        self.envelope(&Outcome::Error(error.to_owned()))
    }

    /// The envelope for a method that no endpoint hears of.
    pub fn unknown(&self) -> String {
        self.failed(&texts::unknown_method(&self.event))
    }

    fn envelope(&self, outcome: &Outcome) -> String {
        let (result, error) = match outcome {
            Outcome::Void => (None, None),
            Outcome::Result(result) => (Some(&**result), None),
            // An empty error counts as none in an envelope, and would make a success of it.
            Outcome::Error(error) if error.is_empty() => (None, Some("Invocation failed")),
            Outcome::Error(error) => (None, Some(error.as_str())),
        };
        let invocation_id = self.invocation_id.as_deref().unwrap_or_default();
        let (hub, connection_id) = (&*self.hub, &*self.connection_id);
        answer(&Reply { hub, connection_id, invocation_id, result, error })
    }
}

/// What the body of a good answer says; `None` when it is no completion.
fn outcome(body: &str) -> Option<Outcome> {
    let record = body.trim().trim_end_matches(RECORD_SEPARATOR).trim();
    if record.is_empty() {
        return Some(Outcome::Void);
    }
    match HubMessage::decode(record) {
        Ok(Decoded::Message(HubMessage::Completion(completion))) => Some(completion.outcome),
        _ => None,
    }
}

/// A header is one line.
fn in_a_header(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
impl HeardEvent {
    /// An event of this hub, category and name.
    pub(super) fn named(hub: &str, category: &str, event: &str) -> Self {
        Self {
            event_id: "e".to_owned(),
            category: category.to_owned(),
            event: event.to_owned(),
            hub: hub.to_owned(),
            connection_id: "c".to_owned(),
            user_id: None,
            claims: Values::new(),
            query: Values::new(),
            timestamp: String::new(),
            target: None,
            arguments: None,
            invocation_id: Some("7".to_owned()),
            is_stream: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answered(status: u16, body: &str) -> Value {
        let event = HeardEvent::named("n", "messages", "Add");
        serde_json::from_str(&event.answered(status, body.as_bytes()).unwrap()).unwrap()
    }

    fn envelope(more: &Value) -> Value {
        let mut envelope = json!({ "hub": "n", "connectionId": "c", "invocationId": "7" });
        for (name, value) in more.as_object().unwrap() {
            envelope[name] = value.clone();
        }
        envelope
    }

    #[test]
    fn a_completion_is_relayed_whatever_id_it_names() {
        let body = "{\"type\":3,\"invocationId\":\"x\",\"result\":{\"a\":1}}\u{1e}";
        assert_eq!(answered(200, body), envelope(&json!({ "result": { "a": 1 } })));
        let body = r#"{"type":3,"invocationId":"7","result":null}"#;
        assert_eq!(answered(200, body), envelope(&json!({ "result": null })));
        let body = r#"{"type":3,"invocationId":"7","error":"no"}"#;
        assert_eq!(answered(200, body), envelope(&json!({ "error": "no" })));
    }

    #[test]
    fn nothing_is_a_completion_without_a_result() {
        for (status, body) in [(204, ""), (200, ""), (200, " \n"), (200, "\u{1e}")] {
            assert_eq!(answered(status, body), envelope(&json!({})));
        }
    }

    #[test]
    fn whatever_else_is_an_error() {
        let error = "Invocation failed, status code 500";
        assert_eq!(answered(500, ""), envelope(&json!({ "error": error })));
        let empty = r#"{"type":3,"invocationId":"7","error":""}"#;
        for body in ["hello", r#"{"type":6}"#, empty] {
            assert!(
                answered(200, body)["error"].as_str().unwrap().starts_with("Invocation failed")
            );
        }
    }

    #[test]
    fn a_stream_goes_on_after_an_empty_answer() {
        let mut event = HeardEvent::named("n", "messages", "Count");
        event.is_stream = true;
        assert_eq!(event.answered(200, b""), None);
        assert_eq!(event.answered(204, b""), None);
        assert!(event.answered(500, b"").is_some());
        let end = r#"{"type":3,"invocationId":"7"}"#;
        let ended: Value =
            serde_json::from_str(&event.answered(200, end.as_bytes()).unwrap()).unwrap();
        assert_eq!(ended, envelope(&json!({})));
        event.target = Some("Count".to_owned());
        event.arguments = Some(serde_json::from_str("[1]").unwrap());
        let call = r#"{"type":4,"invocationId":"7","target":"Count","arguments":[1]}"#;
        assert_eq!(event.body(), call);
    }

    #[test]
    fn what_a_socket_does_not_take_is_an_error() {
        let result_of =
            |bytes| format!(r#"{{"type":3,"invocationId":"7","result":"{}"}}"#, "x".repeat(bytes));
        let most = RECORD_MAX_BYTES - result_of(0).len() - RECORD_SEPARATOR.len_utf8();
        assert!(answered(200, &result_of(most))["error"].is_null());
        let error = "Invocation failed, the answer is too large";
        assert_eq!(answered(200, &result_of(most + 1)), envelope(&json!({ "error": error })));
        let cut_off = &result_of(256 * 1024)[..256 * 1024];
        assert_eq!(answered(200, cut_off), envelope(&json!({ "error": error })));
    }

    #[test]
    fn headers_are_lines_of_the_form_that_azure_functions_reads() {
        let mut event = HeardEvent::named("n", "messages", "a\r\nX-Evil: 1");
        event.user_id = Some("älice".to_owned());
        event.claims = [("role".to_owned(), vec!["a".to_owned(), "b\n".to_owned()])].into();
        event.query = [("q".to_owned(), vec!["1 &=".to_owned()])].into();
        let headers = event.headers();
        let value = |name| headers.iter().find(|(known, _)| *known == name).unwrap().1.as_str();
        assert_eq!(value("X-ASRS-Event"), "a  X-Evil: 1");
        assert_eq!(value("X-ASRS-User-Claims"), "role: a, role: b ");
        assert_eq!(value("X-ASRS-Client-Query"), "?q=1%20%26%3D");
        assert_eq!(value("X-ASRS-User-Id"), "älice");
    }

    /// Azure Functions splits at commas, then at the first `: `, and takes the first of a name.
    #[test]
    fn no_claim_reads_as_another() {
        let mut event = HeardEvent::named("n", "messages", "a");
        let one = |value: &str| vec![value.to_owned()];
        event.claims = [
            ("a".to_owned(), one("Bob, role: admin")),
            ("b, role".to_owned(), one("admin")),
            ("role: admin".to_owned(), one("")),
            ("role:\nadmin".to_owned(), one("")),
            ("http://schemas/role".to_owned(), one("x: y")),
            ("role".to_owned(), vec!["guest".to_owned(), "a,b".to_owned()]),
        ]
        .into();
        let claims = |event: &HeardEvent| {
            let headers = event.headers().into_iter();
            headers.filter(|(name, _)| *name == "X-ASRS-User-Claims").map(|(_, text)| text).next()
        };
        assert_eq!(claims(&event).as_deref(), Some("http://schemas/role: x: y, role: guest"));
        event.claims = [("a".to_owned(), one("1,2"))].into();
        assert_eq!(claims(&event), None);
    }
}
