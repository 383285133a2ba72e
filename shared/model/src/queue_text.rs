//! JSON in the characters that SQS takes.
//!
//! SQS refuses U+FFFE and U+FFFF, which JSON allows. Outside of texts JSON holds neither of them,
//! and within a text each may be written as an escape.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use serde::Serialize;

/// The JSON of a value, for the body of a message.
pub fn json(value: &impl Serialize) -> String {
    // The two ways in which serde_json can fail do not occur: no value here has a map with keys
    // that are no texts, and a String takes everything.
    escaped(serde_json::to_string(value).unwrap_or_default())
}

/// The same JSON, with the characters escaped that SQS refuses.
pub fn escaped(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        return json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
    }
    json
}
