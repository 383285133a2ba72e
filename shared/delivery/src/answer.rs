//! Answers of backends to what clients invoked.
//!
//! Each invocation that was handed to backends gets one answer: the first one
//! that completes the invocation, which may be the envelope of its time-out.
//! After a crash the same answer may go on, since it completes the invocation
//! in the name of its element.

use crate::round::Target;
use hubcast_model::envelope::{Answer, Content};
use hubcast_model::ports::{PendingStore, StoreError};

/// The id of the invocation that a content completes; `None` for anything else.
///
/// Items complete nothing, and clients drop those of a stream that has ended.
pub(crate) fn completed_by(content: &Content) -> Option<&str> {
    match content {
        Content::Answer { answer: Answer::Item(_), .. } => None,
        Content::Answer { invocation_id, .. } => Some(invocation_id),
        _ => None,
    }
}

/// Completes an invocation in the name of the element with this key; answers those of the sockets
/// that waited for it.
pub(crate) async fn complete(
    store: &impl PendingStore,
    invocation_id: &str,
    key: &str,
    targets: Vec<Target>,
) -> Result<Vec<Target>, StoreError> {
    let mut pending = Vec::new();
    for target in targets {
        if store.complete_pending(&target.socket, invocation_id, key).await? {
            pending.push(target);
        }
    }
    Ok(pending)
}
