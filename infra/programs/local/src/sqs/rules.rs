//! The rules by which SQS refuses messages.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

/// The longest message group id and deduplication id, in characters.
const ID_MAX_CHARS: usize = 128;

/// Why SQS refuses a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    code: &'static str,
    message: String,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let query = ("x-amzn-query-error", format!("{};Sender", self.code));
        let headers = [("content-type", "application/x-amz-json-1.0".to_owned()), query];
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.code), "message": self.message });
        (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response()
    }
}

/// The fault of a `SendMessage` that the embedded queues do not see, if there is one.
pub(super) fn send(body: &Bytes) -> Option<Fault> {
    fault(&serde_json::from_slice(body).ok()?)
}

/// Parts the entries of a `SendMessageBatch`: the request with the good ones, if there are any,
/// and the answer's `Failed` entries for the others.
pub(super) fn send_batch(body: Bytes) -> (Option<Bytes>, Vec<Value>) {
    let Ok(mut request) = serde_json::from_slice::<Value>(&body) else {
        return (Some(body), Vec::new());
    };
    let Some(entries) = request.get_mut("Entries").and_then(Value::as_array_mut) else {
        return (Some(body), Vec::new());
    };
    let mut failed = Vec::new();
    entries.retain(|entry| match fault(entry) {
        None => true,
        Some(Fault { code, message }) => {
            let id = entry.get("Id");
            failed.push(json!({ "Id": id, "SenderFault": true, "Code": code, "Message": message }));
            false
        }
    });
    let is_left = !entries.is_empty() || failed.is_empty();
    (is_left.then(|| request.to_string().into()), failed)
}

fn fault(message: &Value) -> Option<Fault> {
    let body = message.get("MessageBody").and_then(Value::as_str).unwrap_or_default();
    if !body.chars().all(is_allowed) {
        let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
        return Some(Fault { code: "InvalidMessageContents", message: message.to_owned() });
    }
    ["MessageGroupId", "MessageDeduplicationId"].into_iter().find_map(|name| {
        let id = message.get(name).and_then(Value::as_str).filter(|id| !is_id(id))?;
        let message = format!(
            "Value {id} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        );
        Some(Fault { code: "InvalidParameterValue", message })
    })
}

const fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn is_id(id: &str) -> bool {
    (1..=ID_MAX_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
