//! What an element is about.

use super::fields::Fields;
use super::{EnvelopeRules, audience, call, membership, retention};
use crate::audience::Audience;
use crate::envelope::content::{Action, Content};
use crate::envelope::rejection::{RejectReason, Rejection};
use crate::id::UserId;
use crate::spelling::hint;

/// Reads what an element is about.
pub(super) fn read(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Content, Rejection> {
    match (fields.has("target"), fields.has("action"), fields.has("invocationId")) {
        (true, false, false) => message(fields, rules),
        (false, true, false) => action(fields, rules).map(Content::Action),
        (false, false, true) => call::answer(fields),
        (true, false, true) => call::invoke(fields),
        (false, false, false) if fields.has("retain") => retention::clear(fields, rules),
        (false, false, false) => {
            let detail = "one of 'target', 'action' and 'invocationId' is needed";
            Err(Rejection::new(RejectReason::NoContent, detail))
        }
        _ => {
            let detail =
                "only one of 'target' and 'action' is allowed, and 'action' without 'invocationId'";
            Err(Rejection::new(RejectReason::SeveralContents, detail))
        }
    }
}

fn message(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Content, Rejection> {
    fields.refuse(
        &["ttlSeconds", "reason", "allowReconnect", "revoke", "result", "item", "error"],
        "target",
    )?;
    Ok(Content::Message {
        audience: audience::read(fields, rules)?,
        target: fields.text("target")?.unwrap_or_default(),
        arguments: fields.arguments()?,
    })
}

fn action(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Action, Rejection> {
    let others = ["arguments", "result", "item", "error", "retain", "keepSeconds"];
    fields.refuse(&others, "action")?;
    let name = fields.text("action")?.unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "add" => membership::add(fields),
        "remove" => membership::remove(fields),
        "removeall" => membership::remove_all(fields),
        "settle" => membership::settle(fields),
        "show" => membership::show(fields),
        "close" => close(fields, rules),
        "block" => block(fields),
        "unblock" => unblock(fields),
        _ => {
            let known = "add, remove, removeAll, settle, show, close, block and unblock";
            let names = known.split([',', ' ']).filter(|name| !matches!(*name, "" | "and"));
            let detail = format!("'action' is one of {known}{}", hint(&name, names));
            Err(Rejection::new(RejectReason::UnknownAction, detail))
        }
    }
}

fn block(fields: &Fields<'_>) -> Result<Action, Rejection> {
    fields.refuse(&["allowReconnect", "revoke", "reason"], "action 'block'")?;
    let (users, ttl) = (users(fields)?, fields.seconds("ttlSeconds")?);
    Ok(Action::Block { users, ttl, scope: fields.scope()? })
}

fn unblock(fields: &Fields<'_>) -> Result<Action, Rejection> {
    let others = ["ttlSeconds", "reason", "allowReconnect", "revoke", "excludedConnectionIds"];
    fields.refuse(&others, "action 'unblock'")?;
    Ok(Action::Unblock { users: users(fields)?, scope: fields.scope()? })
}

fn close(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Action, Rejection> {
    fields.refuse(&["ttlSeconds"], "action 'close'")?;
    let audience = audience::read(fields, rules)?;
    let allow_reconnect = fields.flag("allowReconnect")?.unwrap_or(false);
    let is_log_out = matches!(audience, Audience::Users(_)) && !allow_reconnect;
    let revoke = fields.flag("revoke")?;
    if revoke == Some(true) && !is_log_out {
        let detail = "'revoke' goes with users and without 'allowReconnect'";
        return Err(Rejection::new(RejectReason::MisplacedProperty, detail));
    }
    Ok(Action::Close { audience, reason: fields.text("reason")?, allow_reconnect, revoke })
}

fn users(fields: &Fields<'_>) -> Result<Vec<UserId>, Rejection> {
    fields.refuse(&["connectionId", "groupName", "groupNames", "everyone"], "a block")?;
    fields
        .users()?
        .ok_or_else(|| Rejection::new(RejectReason::MissingAudience, "a block needs a 'userId'"))
}
