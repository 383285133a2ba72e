//! Elements of an envelope to notifications.
//!
//! Reading is strict on purpose: a misspelt audience must never become a
//! broadcast. Arguments pass through byte for byte.

mod audience;
mod call;
mod content;
mod fields;
mod membership;
mod retention;
mod wrapper;

use serde_json::value::RawValue;

use super::content::{Action, Content, Scope};
use super::rejection::{RejectReason, Rejection};
use super::retention::Retention;
use super::{ELEMENTS_MAX, Notification};
use crate::id::HubName;
use crate::mark::without_mark;
use fields::Fields;

/// How envelopes are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeRules {
    /// The hub of an envelope that names none.
    pub default_hub: HubName,
    /// Whether an envelope that names nobody goes to the whole hub without `"everyone": true`.
    pub implicit_broadcast: bool,
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
    let body = without_mark(body);
    let no_json = |err: serde_json::Error| {
        wrapper::in_base64(body).unwrap_or_else(|| Rejection::not_json(&err))
    };
    let body: &RawValue = serde_json::from_str(body).map_err(no_json)?;
    let elements = if body.get().starts_with('[') { split(body)? } else { vec![body.to_owned()] };
    Ok(elements.into_iter().map(|json| element(json, rules)).collect())
}

fn split(array: &RawValue) -> Result<Vec<Box<RawValue>>, Rejection> {
    let elements: Vec<Box<RawValue>> =
        serde_json::from_str(array.get()).map_err(|err| Rejection::not_json(&err))?;
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
        excluded: fields.connections("excludedConnectionIds")?,
        retention: retained(fields, &content)?,
        content,
        expires_at: fields.timestamp("expiresAt")?,
    })
}

/// Only messages leave something behind.
fn retained(fields: &Fields<'_>, content: &Content) -> Result<Retention, Rejection> {
    match content {
        Content::Message { audience, .. } => retention::read(fields, audience),
        Content::Action(_)
        | Content::Invoke { .. }
        | Content::Answer { .. }
        | Content::Clear { .. } => Ok(Retention::Nothing),
    }
}

#[cfg(test)]
mod tests;
