//! The log of the functions in this process, as CloudWatch Logs keeps it on AWS.
//!
//! Whatever `FilterLogEvents` can find on AWS by a quoted word can be found
//! here by the same request, so that one reader reads both. The entries of the
//! audit are a log group of their own too, to which the command line adds its own.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use hubcast_model::journey::{AUDIT, TARGET};
use hubcast_model::time::{Clock, SystemClock};
use serde_json::{Value, json};
use tracing::Span;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The beginning of the header `X-Amz-Target` of requests for logs.
pub(crate) const TARGET_PREFIX: &str = "Logs_20140328.";
/// The functions, each of which has a log group.
pub(crate) const FUNCTIONS: [&str; 9] = [
    "authorizer",
    "connect",
    "disconnect",
    "group-join",
    "message",
    "negotiate",
    "publisher",
    "rest",
    "upstream",
];
const GROUP_PREFIX: &str = "/aws/lambda/hubcast-";
/// The log group of the audit.
const AUDIT_GROUP: &str = "/hubcast/hubcast/audit";
/// So many lines are kept; then the oldest ones go.
const LINES_KEPT: usize = 50_000;
/// So many events one answer holds, as on AWS.
const EVENTS_OF_ANSWER: usize = 10_000;

/// The lines of this process; clones are the same book.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogBook(Arc<Mutex<VecDeque<Entry>>>);

#[derive(Debug)]
struct Entry {
    /// When it was written, in milliseconds.
    at: u64,
    /// The function that wrote it.
    function: String,
    text: String,
    /// Whether it is an entry of the audit.
    is_audit: bool,
}

/// The span of an invocation of a function: the one that Lambda's runtime opens, with the function's
/// name besides.
pub(crate) fn invocation(function: &'static str) -> Span {
    let request_id = format!("{:032x}", fastrand::u128(..));
    tracing::info_span!(target: TARGET, "Lambda runtime invoke", requestId = request_id, function)
}

impl LogBook {
    /// Has this process write its log to standard error, as far as the filter lets lines pass, and
    /// all lines of functions into a book.
    pub(crate) fn start(filter: &str) -> Self {
        let book = Self::default();
        let shown = fmt::layer().with_writer(io::stderr).with_filter(EnvFilter::new(filter));
        let writer = book.clone();
        let kept = fmt::layer().json().without_time().with_current_span(false);
        let kept = kept.with_writer(move || writer.clone()).with_filter(EnvFilter::new("info"));
        tracing_subscriber::registry().with(shown).with(kept).init();
        book
    }

    /// Answers a request of CloudWatch Logs.
    pub(crate) fn answer(&self, target: &str, body: &Bytes) -> Response {
        let answer = match target {
            "Logs_20140328.FilterLogEvents" => self.filter(body),
            "Logs_20140328.PutLogEvents" => self.put(body),
            _ => Err((
                "UnknownOperationException",
                format!("only FilterLogEvents and PutLogEvents are served here, and not {target}"),
            )),
        };
        let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
        match answer {
            Ok(answer) => (headers, answer.to_string()).into_response(),
            Err((code, text)) => {
                let refusal = json!({ "__type": code, "message": text });
                (StatusCode::BAD_REQUEST, headers, refusal.to_string()).into_response()
            }
        }
    }

    /// Adds entries to the group of the audit.
    fn put(&self, body: &Bytes) -> Result<Value, (&'static str, String)> {
        let input: Value = serde_json::from_slice(body)
            .map_err(|err| ("SerializationException", err.to_string()))?;
        let group = input.get("logGroupName").and_then(Value::as_str).unwrap_or_default();
        let Group::Audit = Group::named(group)? else {
            let text = format!("only {AUDIT_GROUP} takes lines here");
            return Err(("InvalidParameterException", text));
        };
        let events = input.get("logEvents").and_then(Value::as_array).into_iter().flatten();
        for text in events.filter_map(|event| event.get("message")?.as_str()) {
            self.keep("operator".to_owned(), text.to_owned());
        }
        Ok(json!({}))
    }

    fn keep(&self, function: String, text: String) {
        let is_audit = target_of(&text).as_deref() == Some(AUDIT);
        let entry = Entry { at: SystemClock.now().as_millis(), function, text, is_audit };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == LINES_KEPT {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    fn filter(&self, body: &Bytes) -> Result<Value, (&'static str, String)> {
        let input: Value = serde_json::from_slice(body)
            .map_err(|err| ("SerializationException", err.to_string()))?;
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let group = Group::named(text("logGroupName").unwrap_or_default())?;
        let word = text("filterPattern").map(word).transpose()?;
        let start = input.get("startTime").and_then(Value::as_u64).unwrap_or_default();
        let end = input.get("endTime").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |entry: &&Entry| {
            group.has(entry)
                && (start..end).contains(&entry.at)
                && word.as_ref().is_none_or(|word| entry.text.contains(word.as_str()))
        };
        let event = |entry: &Entry| json!({ "timestamp": entry.at, "message": entry.text, "logStreamName": "local" });
        let events: Vec<Value> =
            entries.iter().filter(fits).take(EVENTS_OF_ANSWER).map(event).collect();
        Ok(json!({ "events": events, "searchedLogStreams": [] }))
    }
}

/// A log group.
enum Group<'a> {
    Function(&'a str),
    Audit,
}

impl<'a> Group<'a> {
    fn named(name: &'a str) -> Result<Self, (&'static str, String)> {
        let function = name.strip_prefix(GROUP_PREFIX).filter(|name| FUNCTIONS.contains(name));
        match function {
            Some(function) => Ok(Self::Function(function)),
            None if name == AUDIT_GROUP => Ok(Self::Audit),
            None => {
                let text = "The specified log group does not exist.".to_owned();
                Err(("ResourceNotFoundException", text))
            }
        }
    }

    fn has(&self, entry: &Entry) -> bool {
        match self {
            Self::Function(function) => entry.function == *function,
            Self::Audit => entry.is_audit,
        }
    }
}

/// The word of a pattern. Other patterns would find something else here than on AWS.
fn word(pattern: &str) -> Result<String, (&'static str, String)> {
    let quoted = pattern.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let word = quoted.map(|word| word.replace("\\\"", "\"").replace(r"\\", r"\"));
    word.ok_or_else(|| {
        (
            "InvalidParameterException",
            "the local log knows patterns of one word in quotes only".to_owned(),
        )
    })
}

impl io::Write for LogBook {
    /// Takes one line: `tracing-subscriber` writes each whole.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
        if let Some(function) = function_of(&text) {
            self.keep(function, text);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The target of a line.
fn target_of(text: &str) -> Option<String> {
    let line: Value = serde_json::from_str(text).ok()?;
    line.get("target")?.as_str().map(str::to_owned)
}

/// The function within whose invocation a line was written.
fn function_of(text: &str) -> Option<String> {
    let line: Value = serde_json::from_str(text).ok()?;
    let spans = line.get("spans")?.as_array()?;
    let name = spans.iter().find_map(|span| span.get("function")?.as_str());
    name.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn asked(book: &LogBook, input: &Value) -> Result<Vec<String>, &'static str> {
        let answer = book.filter(&Bytes::from(input.to_string())).map_err(|(code, _)| code)?;
        let events = answer["events"].as_array().unwrap();
        Ok(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect())
    }

    fn line(function: &str, id: &str) -> String {
        json!({ "fields": { "message_id": id }, "spans": [{ "function": function }] }).to_string()
    }

    #[test]
    fn lines_are_found_in_the_group_of_their_function_by_a_word() {
        let mut book = LogBook::default();
        let (one, other) = (line("publisher", "m-1"), line("publisher", "m-2"));
        for text in [&one, &other, &line("rest", "m-1"), &"{}".to_owned(), &"no JSON".to_owned()] {
            writeln!(book, "{text}").unwrap();
        }
        let group = "/aws/lambda/hubcast-publisher";
        let found = asked(&book, &json!({ "logGroupName": group, "filterPattern": "\"m-1\"" }));
        assert_eq!(found.unwrap(), std::slice::from_ref(&one));
        assert_eq!(asked(&book, &json!({ "logGroupName": group })).unwrap(), [one, other]);
        let later = json!({ "logGroupName": group, "startTime": u64::MAX });
        assert!(asked(&book, &later).unwrap().is_empty());
    }

    #[test]
    fn entries_of_the_audit_are_a_group_of_their_own() {
        let mut book = LogBook::default();
        let entry = json!({ "target": "audit", "spans": [{ "function": "rest" }] }).to_string();
        writeln!(book, "{entry}").unwrap();
        writeln!(book, "{}", line("rest", "m-1")).unwrap();
        let own = json!({ "target": "audit", "fields": {} }).to_string();
        let put = |group: &str| {
            let events = json!([{ "timestamp": 1, "message": own }]);
            let input = json!({ "logGroupName": group, "logEvents": events });
            book.put(&Bytes::from(input.to_string())).map_err(|(code, _)| code)
        };
        put(AUDIT_GROUP).unwrap();
        assert_eq!(put("/aws/lambda/hubcast-rest").unwrap_err(), "InvalidParameterException");
        let found = asked(&book, &json!({ "logGroupName": AUDIT_GROUP }));
        assert_eq!(found.unwrap(), [entry, own]);
    }

    #[test]
    fn what_is_not_there_or_means_something_else_is_refused() {
        let book = LogBook::default();
        let unknown = json!({ "logGroupName": "/aws/lambda/other" });
        assert_eq!(asked(&book, &unknown), Err("ResourceNotFoundException"));
        let pattern =
            json!({ "logGroupName": "/aws/lambda/hubcast-rest", "filterPattern": "{ $.a = 1 }" });
        assert_eq!(asked(&book, &pattern), Err("InvalidParameterException"));
    }
}
