//! What other programs put around an envelope on its way to the queue.
//!
//! Services and libraries wrap a message when nobody tells them not to. The
//! envelope is inside, and hubcast does not look for it: a wrapper says nothing
//! of order, and its own properties could be taken for the envelope's.

use crate::envelope::rejection::{RejectReason, Rejection};
use crate::properties::Properties;

/// A wrapper, by the properties that only it has.
struct Wrapper {
    /// Whose it is.
    of: &'static str,
    /// The properties that tell it from others.
    marks: &'static [&'static str],
    /// What brings the envelope without it.
    advice: &'static str,
}

/// What brings an envelope that a library of jobs has wrapped.
const BY_SDK: &str = "send the envelope itself, with the SDK of SQS";

const WRAPPERS: [Wrapper; 18] = [
    Wrapper {
        of: "an SNS notification",
        marks: &["TopicArn", "Message"],
        advice: "switch raw message delivery on for the subscription",
    },
    Wrapper {
        of: "an event of EventBridge",
        marks: &["detail-type", "detail"],
        advice: "give the rule's target the input path $.detail, or an input transformer",
    },
    Wrapper {
        of: "a CloudEvent, as of the AWS Message Processing Framework or Dapr",
        marks: &["specversion"],
        advice: "send the data alone, with the SDK of SQS; in Dapr by rawPayload",
    },
    Wrapper {
        of: "a message of MassTransit",
        marks: &["messageType", "message"],
        advice: "configure UseRawJsonSerializer",
    },
    // Before those who also have 'headers' and 'body'.
    Wrapper { of: "a task of Celery", marks: &["content-encoding", "body"], advice: BY_SDK },
    Wrapper {
        of: "a message of NServiceBus, Rebus or Symfony Messenger",
        marks: &["Headers", "Body"],
        advice: "in NServiceBus, set DoNotWrapOutgoingMessages of the transport; else send the envelope itself, with the SDK of SQS",
    },
    Wrapper {
        of: "a record of an SQS event, as Lambda has it",
        marks: &["messageId", "eventSource", "body"],
        advice: "send its 'body' on",
    },
    Wrapper {
        of: "a list of events of an AWS service",
        marks: &["Records"],
        advice: "send an envelope for each from a function",
    },
    Wrapper {
        of: "an answer of a Lambda function",
        marks: &["statusCode", "body"],
        advice: "send its 'body' alone",
    },
    Wrapper {
        of: "a record of a destination of Lambda",
        marks: &["requestContext", "responsePayload"],
        advice: "send the envelope from the function",
    },
    Wrapper {
        of: "a record of a stream, as EventBridge Pipes has it,",
        marks: &["eventID", "eventSource"],
        advice: "give the pipe's target an input transformer",
    },
    Wrapper {
        of: "a message of JustSaying, in the shape of SNS,",
        marks: &["Subject", "Message"],
        advice: BY_SDK,
    },
    Wrapper { of: "a job of Laravel", marks: &["displayName", "job"], advice: BY_SDK },
    Wrapper { of: "a job of Rails", marks: &["job_class", "job_id"], advice: BY_SDK },
    Wrapper { of: "a message of Dramatiq", marks: &["actor_name", "queue_name"], advice: BY_SDK },
    Wrapper { of: "a message of NestJS", marks: &["pattern", "data"], advice: BY_SDK },
    Wrapper {
        of: "a record of Kafka Connect or Debezium",
        marks: &["schema", "payload"],
        advice: "set schemas.enable of the converter to false, and send the payload alone",
    },
    Wrapper {
        of: "a message of Step Functions with a task token",
        marks: &["TaskToken"],
        advice: "give the envelope as MessageBody, and answer the token from a function",
    },
];

/// The property with which the extended client library of SQS says where in S3 the body is.
const POINTER: &str = "PayloadS3Pointer";

/// Why an object is no envelope, when something is around the envelope.
pub(super) fn around(properties: &Properties<'_>) -> Option<Rejection> {
    let has = |mark: &&str| properties.0.iter().any(|(name, _)| name.eq_ignore_ascii_case(mark));
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.marks.iter().all(has))?;
    Some(wrapped(wrapper.of, wrapper.advice))
}

/// Why a text, or a list that holds texts, is no envelope, when an envelope is within.
pub(super) fn within_text(json: &str) -> Option<Rejection> {
    let text: String = serde_json::from_str(json).ok()?;
    if text.contains(POINTER) {
        let of = "a message of the extended client library, whose body is in S3,";
        return Some(wrapped(of, "keep envelopes small, and send a link"));
    }
    let is_json = text.trim_start().starts_with(['{', '[']);
    is_json.then(|| wrapped("a JSON text", "the envelope is serialised twice: send it as it is"))
}

/// How base64 begins for JSON that begins with `{"`, `{ `, `{` and a line break, or `[{`.
const BASE64_STARTS: [&str; 5] = ["eyJ", "eyA", "ewo", "ew0", "W3s"];

/// Why a text that is no JSON is no envelope, when the text is an envelope in base64.
pub(super) fn in_base64(text: &str) -> Option<Rejection> {
    let text = text.trim();
    let is_of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte);
    let is_base64 =
        BASE64_STARTS.iter().any(|start| text.starts_with(start)) && text.bytes().all(is_of_base64);
    is_base64.then(|| wrapped("base64", "send the JSON as it is; SQS takes text"))
}

fn wrapped(of: &str, advice: &str) -> Rejection {
    Rejection::new(RejectReason::Wrapped, format!("{of} is around the envelope: {advice}"))
}
