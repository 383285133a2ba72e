//! What endpoints answer, as envelopes for the clients that wait.

use signalr_protocol::message::{Completion, Decoded, HubMessage, Outcome};
use signalr_protocol::texts;

use super::RECORD_SEPARATOR;
use hubcast_model::client::Client;
use hubcast_model::envelope::Answer;
use hubcast_model::event::{self, Call, Event, EventKind};
use hubcast_model::frame::RECORD_MAX_BYTES;
use hubcast_model::mark::without_mark;

/// A call whose client waits for an answer.
#[derive(Debug, Clone, Copy)]
pub struct OpenCall<'a> {
    client: &'a Client,
    call: &'a Call,
    /// The id that the client gave the call.
    invocation_id: &'a str,
}

impl<'a> OpenCall<'a> {
    /// The call of an event, if its client waits for an answer.
    pub fn of(event: &'a Event) -> Option<Self> {
        let EventKind::Call(call) = &event.kind else {
            return None;
        };
        let invocation_id = call.invocation.invocation_id.as_deref()?;
        Some(Self { client: &event.client, call, invocation_id })
    }

    /// The envelope of the answer that an endpoint gave by this status and body; `None` when
    /// nothing answers a stream, whose items come by themselves.
    pub fn answered(&self, status: u16, body: &[u8]) -> Option<String> {
        if !matches!(status, 200 | 204) {
            return Some(self.failed(&format!("Invocation failed, status code {status}")));
        }
        let goes_on = self.call.is_stream && body.is_empty();
        (!goes_on).then(|| self.completed(body))
    }

    fn completed(&self, body: &[u8]) -> String {
        match std::str::from_utf8(body).ok().and_then(outcome) {
            Some(outcome) if self.fits(&outcome) => self.envelope(outcome),
            // It may be one, of which not all was read.
            None if body.len() <= RECORD_MAX_BYTES => {
                self.failed("Invocation failed, the answer is not a completion")
            }
            _ => self.failed("Invocation failed, the answer is too large"),
        }
    }

    /// Whether a socket takes an outcome.
    fn fits(&self, outcome: &Outcome) -> bool {
        let (invocation_id, outcome) = (self.invocation_id.to_owned(), outcome.clone());
        let completion = HubMessage::Completion(Completion { invocation_id, outcome });
        completion.encode().len() <= RECORD_MAX_BYTES
    }

    /// The envelope of an answer that the endpoint did not give.
    pub fn failed(&self, error: &str) -> String {
        self.envelope(Outcome::Error(error.to_owned()))
    }

    /// The envelope of an answer that the endpoint did not give in time.
    pub fn timed_out(&self) -> String {
        self.failed(&texts::unanswered(&self.call.invocation.target))
    }

    /// The envelope for a method that no endpoint hears of.
    pub fn unknown(&self) -> String {
        self.failed(&texts::unknown_method(&self.call.invocation.target))
    }

    fn envelope(&self, outcome: Outcome) -> String {
        let answer = match outcome {
            Outcome::Void => Answer::Result(None),
            Outcome::Result(result) => Answer::Result(Some(result)),
            // An empty error counts as none in an envelope, and would make a success of it.
            Outcome::Error(error) if error.is_empty() => {
                Answer::Error("Invocation failed".to_owned())
            }
            Outcome::Error(error) => Answer::Error(error),
        };
        event::answer(self.client, self.invocation_id, answer)
    }
}

/// What the body of a good answer says; `None` when it is no completion.
fn outcome(body: &str) -> Option<Outcome> {
    let record = without_mark(body).trim().trim_end_matches(RECORD_SEPARATOR).trim();
    if record.is_empty() {
        return Some(Outcome::Void);
    }
    match HubMessage::decode(record) {
        Ok(Decoded::Message(HubMessage::Completion(completion))) => Some(completion.outcome),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::webhook::testing::{call, connected};

    fn answered(status: u16, body: &str) -> Value {
        let event = call("n", "Add");
        let open = OpenCall::of(&event).unwrap();
        serde_json::from_str(&open.answered(status, body.as_bytes()).unwrap()).unwrap()
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
        // .NET's writers mark a text.
        let marked = format!("\u{feff}{body}");
        assert_eq!(answered(200, &marked), envelope(&json!({ "result": null })));
        let body = r#"{"type":3,"invocationId":"7","error":"no"}"#;
        assert_eq!(answered(200, body), envelope(&json!({ "error": "no" })));
    }

    #[test]
    fn nothing_is_a_completion_without_a_result() {
        for (status, body) in
            [(204, ""), (200, ""), (200, " \n"), (200, "\u{1e}"), (200, "\u{feff}")]
        {
            assert_eq!(answered(status, body), envelope(&json!({})));
        }
    }

    #[test]
    fn whatever_else_is_an_error() {
        let error = "Invocation failed, status code 500";
        assert_eq!(answered(500, ""), envelope(&json!({ "error": error })));
        let empty = r#"{"type":3,"invocationId":"7","error":""}"#;
        let deep = format!(
            r#"{{"type":3,"invocationId":"7","result":{}1{}}}"#,
            "[".repeat(64),
            "]".repeat(64)
        );
        for body in ["hello", r#"{"type":6}"#, empty, deep.as_str()] {
            assert!(
                answered(200, body)["error"].as_str().unwrap().starts_with("Invocation failed")
            );
        }
    }

    #[test]
    fn a_stream_goes_on_after_an_empty_answer() {
        let mut event = call("n", "Count");
        let EventKind::Call(call) = &mut event.kind else { panic!("{event:?}") };
        call.is_stream = true;
        let open = OpenCall::of(&event).unwrap();
        assert_eq!(open.answered(200, b""), None);
        assert_eq!(open.answered(204, b""), None);
        assert!(open.answered(500, b"").is_some());
        let end = r#"{"type":3,"invocationId":"7"}"#;
        let ended: Value =
            serde_json::from_str(&open.answered(200, end.as_bytes()).unwrap()).unwrap();
        assert_eq!(ended, envelope(&json!({})));
    }

    #[test]
    fn only_a_call_with_an_id_waits_for_an_answer() {
        assert!(OpenCall::of(&connected("n")).is_none());
        let mut event = call("n", "Tell");
        let EventKind::Call(call) = &mut event.kind else { panic!("{event:?}") };
        call.invocation.invocation_id = None;
        assert!(OpenCall::of(&event).is_none());
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
}
