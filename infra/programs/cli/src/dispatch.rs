//! Drafts leave: they are shown, or sent to the queue of notifications.

use hubcast_aws::operator::{Queue, message_id};
use hubcast_model::ports::Outgoing;
use serde_json::json;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::failure::Failure;
use crate::output::Output;
use crate::printable::printable_json;

/// Shows a draft instead of sending the draft.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn show(draft: &Draft, output: &Output) -> Result<(), Failure> {
    let body = RawValue::from_string(draft.body.clone());
    let body = body.map_err(|err| Failure::because("the envelope is no JSON", err))?;
    let json = json!({ "messageGroup": draft.group.as_str(), "envelope": body });
    output.result(&json, || {
        vec![printable_json(&draft.body), format!("  in the message group {}", draft.group)]
    })
}

/// Tells how many messages were sent: `text` for people.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn tell(
    output: &Output,
    sent: usize,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if output.json {
        return output.result(&json!({ "sent": sent }), String::new);
    }
    output.remark(&text());
    Ok(())
}

/// Sends drafts to a queue, in order; answers the ids of the messages.
///
/// # Errors
/// When the queue did not take all of the drafts.
pub(crate) async fn deliver(queue: &Queue, drafts: &[Draft]) -> Result<Vec<String>, Failure> {
    let mut messages = Vec::with_capacity(drafts.len());
    for Draft { body, group } in drafts {
        messages.push(Outgoing { body: body.clone(), group: group.clone(), key: message_id()? });
    }
    Ok(queue.send(messages).await?)
}
