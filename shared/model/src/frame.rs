//! Records, and how they are joined into frames.

use bytes::Bytes;
use signalr_protocol::message::{
    Close, Completion, HubMessage, Invocation, Outcome, StreamItem, invocation_record,
};

use crate::envelope::{Action, Answer, Content, RejectReason, Rejection};

/// The most that joined records take, in bytes: what API Gateway meters as one message.
pub const COALESCED_MAX_BYTES: usize = 32 * 1024;
/// The most that one record may take, in bytes: what API Gateway posts at once.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
pub const RECORD_MAX_BYTES: usize = 128 * 1024;

/// Judges the size of what a notification posts.
///
/// # Errors
/// When it is more than a socket takes.
pub fn check_size(content: &Content) -> Result<(), Rejection> {
    let bytes = content_record(content).map_or(0, |record| record.len());
    if bytes <= RECORD_MAX_BYTES {
        return Ok(());
    }
    let detail =
        format!("the record takes {bytes} bytes; a socket takes at most {RECORD_MAX_BYTES}");
    Err(Rejection::new(RejectReason::TooLarge, detail))
}

/// What reaches the client of a notification; `None` when nothing does.
pub fn content_record(content: &Content) -> Option<Bytes> {
    content_text(content).map(Bytes::from)
}

/// The same as text.
pub fn content_text(content: &Content) -> Option<String> {
    match content {
        Content::Message { target, arguments, .. } => Some(invocation_record(target, arguments)),
        Content::Invoke { invocation_id, target, arguments, .. } => {
            let invocation = Invocation {
                invocation_id: Some(invocation_id.clone()),
                target: target.clone(),
                arguments: arguments.clone(),
                stream_ids: Vec::new(),
            };
            Some(HubMessage::Invocation(invocation).encode())
        }
        Content::Answer { invocation_id, answer, .. } => {
            Some(answer_message(invocation_id.clone(), answer).encode())
        }
        Content::Action(Action::Close { reason, allow_reconnect, .. }) => {
            Some(close_record(reason.clone(), *allow_reconnect))
        }
        Content::Action(Action::Block { .. }) => Some(close_record(None, false)),
        Content::Action(_) | Content::Clear { .. } => None,
    }
}

/// The message that carries an answer to the client who invoked.
pub fn answer_message(invocation_id: String, answer: &Answer) -> HubMessage {
    let outcome = match answer {
        Answer::Item(item) => {
            return HubMessage::StreamItem(StreamItem { invocation_id, item: item.clone() });
        }
        Answer::Result(None) => Outcome::Void,
        Answer::Result(Some(result)) => Outcome::Result(result.clone()),
        Answer::Error(error) => Outcome::Error(error.clone()),
    };
    HubMessage::Completion(Completion { invocation_id, outcome })
}

fn close_record(error: Option<String>, allow_reconnect: bool) -> String {
    HubMessage::Close(Close { error, allow_reconnect }).encode()
}

/// A frame to post, and the parcels in it.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What is posted.
    pub body: Bytes,
    /// The numbers of the records in it, as the caller of [`coalesce`] counts them.
    pub parcels: Vec<usize>,
}

/// Joins records, in order, into frames of at most [`COALESCED_MAX_BYTES`]; a larger record goes alone.
pub fn coalesce(records: impl IntoIterator<Item = (usize, Bytes)>) -> Vec<Frame> {
    let mut frames: Vec<Vec<(usize, Bytes)>> = Vec::new();
    let mut room = 0;
    for (parcel, record) in records {
        match frames.last_mut() {
            Some(frame) if record.len() <= room => {
                room -= record.len();
                frame.push((parcel, record));
            }
            _ => {
                room = COALESCED_MAX_BYTES.saturating_sub(record.len());
                frames.push(vec![(parcel, record)]);
            }
        }
    }
    frames.iter().map(|records| join(records)).collect()
}

fn join(records: &[(usize, Bytes)]) -> Frame {
    let parcels = records.iter().map(|(parcel, _)| *parcel).collect();
    let body = match records {
        // The usual case shares the one serialised record.
        [(_, record)] => record.clone(),
        several => several
            .iter()
            .fold(Vec::new(), |mut body, (_, record)| {
                body.extend_from_slice(record);
                body
            })
            .into(),
    };
    Frame { body, parcels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(records: &[usize]) -> Vec<Vec<usize>> {
        let records = records.iter().map(|size| Bytes::from(vec![b'x'; *size])).enumerate();
        coalesce(records).into_iter().map(|frame| frame.parcels).collect()
    }

    #[test]
    fn records_share_a_frame_up_to_its_size() {
        assert_eq!(sizes(&[100, 100]), [vec![0, 1]]);
        assert_eq!(sizes(&[16 * 1024, 16 * 1024, 1]), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn a_large_record_goes_alone_and_in_its_place() {
        assert_eq!(sizes(&[10, 100 * 1024, 10, 10]), [vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn a_frame_holds_its_records_byte_for_byte() {
        let frames = coalesce([(0, Bytes::from("a\u{1e}")), (1, Bytes::from("b\u{1e}"))]);
        assert_eq!(frames[0].body, "a\u{1e}b\u{1e}");
    }
}
