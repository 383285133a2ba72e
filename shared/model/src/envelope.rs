//! The envelope: what a backend puts on the notifications queue.
//!
//! A superset of the `SignalRMessage` and `SignalRGroupAction` of Azure
//! Functions. Parsing is strict on purpose: a misspelt audience must never
//! become a broadcast. Arguments pass through byte for byte.

mod audience;
mod call;
mod change;
mod content;
mod fields;
mod later;
mod order;
mod rejection;

use serde_json::value::RawValue;

pub use audience::Audience;
pub use call::Answer;
pub use content::{Action, Content, Scope, Subject};
pub use later::Later;
pub use rejection::{RejectReason, Rejection};

use crate::id::{ConnectionId, HubName};
use crate::time::Timestamp;
use fields::Fields;

/// The most elements that one queue message may hold.
pub const ELEMENTS_MAX: usize = 100;
/// The most ids in one list.
pub const IDS_MAX: usize = 500;

/// How envelopes are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeRules {
    /// The hub of an envelope that names none.
    pub default_hub: HubName,
    /// Whether an envelope that names nobody goes to the whole hub without `"everyone": true`.
    pub implicit_broadcast: bool,
}

/// One thing to deliver or to do.
#[derive(Debug, Clone)]
pub struct Notification {
    /// The hub it is for; the default one when a block is for all of them.
    pub hub: HubName,
    /// Connections that are left out.
    pub excluded: Vec<ConnectionId>,
    /// What to deliver or do, and for whom.
    pub content: Content,
    /// What those get of it who are not there.
    pub later: Later,
    /// When it is not worth delivering any more.
    pub expires_at: Option<Timestamp>,
}

/// One element of a queue message: its own text and what it says.
#[derive(Debug)]
pub struct Element {
    /// The element's JSON as it arrived.
    pub json: Box<RawValue>,
    /// The notification, or why it cannot be one.
    pub parsed: Result<Notification, Rejection>,
}

/// Reads a queue message's body: one object, or an array of at most [`ELEMENTS_MAX`].
///
/// # Errors
/// When the body as a whole is no envelope; a bad element of an array fails alone.
pub fn parse(body: &str, rules: &EnvelopeRules) -> Result<Vec<Element>, Rejection> {
    let body: &RawValue = serde_json::from_str(body)
        .map_err(|err| Rejection::new(RejectReason::NotJson, err.to_string()))?;
    let elements = if body.get().starts_with('[') { split(body)? } else { vec![body.to_owned()] };
    Ok(elements.into_iter().map(|json| element(json, rules)).collect())
}

fn split(array: &RawValue) -> Result<Vec<Box<RawValue>>, Rejection> {
    let elements: Vec<Box<RawValue>> = serde_json::from_str(array.get())
        .map_err(|err| Rejection::new(RejectReason::NotJson, err.to_string()))?;
    match elements.len() {
        0 => Err(Rejection::new(RejectReason::NoContent, "the array is empty")),
        1..=ELEMENTS_MAX => Ok(elements),
        many => {
            let detail =
                format!("the array holds {many} elements; at most {ELEMENTS_MAX} are allowed");
            Err(Rejection::new(RejectReason::TooManyElements, detail))
        }
    }
}

fn element(json: Box<RawValue>, rules: &EnvelopeRules) -> Element {
    let parsed = read(&json, rules);
    Element { json, parsed }
}

/// Reads one element.
///
/// # Errors
/// Why it cannot be a notification.
pub fn read(json: &RawValue, rules: &EnvelopeRules) -> Result<Notification, Rejection> {
    Fields::read(json).and_then(|fields| notification(&fields, rules))
}

fn notification(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Notification, Rejection> {
    let content = content::read(fields, rules)?;
    let is_block =
        matches!(content, Content::Action(Action::Block { .. } | Action::Unblock { .. }));
    if fields.scope()? == Scope::Everywhere && !is_block {
        let detail = "only 'block' and 'unblock' go to all hubs; name one";
        return Err(Rejection::new(RejectReason::BadName, detail));
    }
    Ok(Notification {
        hub: fields.hub()?.unwrap_or_else(|| rules.default_hub.clone()),
        excluded: fields.connections("excludedConnectionIds")?.unwrap_or_default(),
        later: later(fields, &content)?,
        content,
        expires_at: fields.timestamp("expiresAt")?,
    })
}

/// Only messages leave something behind.
fn later(fields: &Fields<'_>, content: &Content) -> Result<Later, Rejection> {
    match content {
        Content::Message { audience, .. } => Later::read(fields, audience),
        Content::Action(_)
        | Content::Invoke { .. }
        | Content::Answer { .. }
        | Content::Clear { .. } => Ok(Later::Nothing),
    }
}

#[cfg(test)]
mod tests;
