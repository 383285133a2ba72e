//! What a notification delivers or does.

use std::time::Duration;

use serde_json::value::RawValue;

use super::EnvelopeRules;
use super::audience::Audience;
use super::call::{Answer, answer, invoke};
use super::change;
use super::fields::Fields;
use super::later;
use super::rejection::{RejectReason, Rejection};
use crate::id::{ConnectionId, GroupName, UserId};
use crate::later::RetainedKey;

/// What a notification delivers or does.
#[derive(Debug, Clone)]
pub enum Content {
    /// Calls a method of the client.
    Message {
        /// Who is called.
        audience: Audience,
        /// The client's method.
        target: String,
        /// The arguments, a JSON array.
        arguments: Box<RawValue>,
    },
    /// Calls a method of one client, which answers.
    Invoke {
        /// Who is called.
        connection: ConnectionId,
        /// Under which id the client answers.
        invocation_id: String,
        /// The client's method.
        target: String,
        /// The arguments, a JSON array.
        arguments: Box<RawValue>,
    },
    /// Changes something.
    Action(Action),
    /// Answers an invocation of the client.
    Answer {
        /// The connection that invoked.
        connection: ConnectionId,
        /// The invocation's id.
        invocation_id: String,
        /// What it gets.
        answer: Answer,
    },
    /// Takes a retained value down.
    Clear {
        /// Whose.
        audience: Audience,
        /// Which.
        key: RetainedKey,
    },
}

/// Whose membership an action changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// One connection, for as long as it lasts.
    Connection(ConnectionId),
    /// Users, on every connection, now and later.
    Users(Vec<UserId>),
}

/// A change that a backend asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Puts the subject into groups.
    Add {
        /// Who.
        subject: Subject,
        /// Into which groups.
        groups: Vec<GroupName>,
        /// For how long; as long as possible when absent.
        ttl: Option<Duration>,
    },
    /// Takes the subject out of groups.
    Remove {
        /// Who.
        subject: Subject,
        /// Out of which groups.
        groups: Vec<GroupName>,
    },
    /// Takes the subject out of all its groups.
    RemoveAll {
        /// Who.
        subject: Subject,
    },
    /// Has users' connections follow what lasts: nothing is said anew of a group.
    Settle {
        /// Whose.
        users: Vec<UserId>,
        /// Of which groups; of all when `None`.
        groups: Option<Vec<GroupName>>,
    },
    /// Shows what is retained for a group to those connections that are in it; changes nothing.
    Show {
        /// Whose.
        subject: Subject,
        /// Of which group.
        group: GroupName,
    },
    /// Ends connections.
    Close {
        /// Whose.
        audience: Audience,
        /// A text for the clients' error.
        reason: Option<String>,
        /// Whether clients may come back by themselves.
        allow_reconnect: bool,
        /// Whether tokens issued before now are refused; only for users.
        revoke: bool,
    },
    /// Ends users' connections and lets nobody connect as them.
    Block {
        /// Whom.
        users: Vec<UserId>,
        /// For how long; until unblocked when absent.
        ttl: Option<Duration>,
        /// On the notification's hub, or on all.
        scope: Scope,
    },
    /// Lets users connect again.
    Unblock {
        /// Whom.
        users: Vec<UserId>,
        /// On the notification's hub, or on all. Each undoes a block of its own kind only.
        scope: Scope,
    },
}

/// Where a block counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// On one hub.
    Hub,
    /// On all hubs: the envelope says `"hub": "*"`.
    Everywhere,
}

/// Reads what an element is about.
pub(super) fn read(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Content, Rejection> {
    match (fields.has("target"), fields.has("action"), fields.has("invocationId")) {
        (true, false, false) => message(fields, rules),
        (false, true, false) => action(fields, rules).map(Content::Action),
        (false, false, true) => answer(fields),
        (true, false, true) => invoke(fields),
        (false, false, false) if fields.has("retain") => later::clear(fields, rules),
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
    refuse(
        fields,
        &["ttlSeconds", "reason", "allowReconnect", "revoke", "result", "item", "error"],
        "target",
    )?;
    Ok(Content::Message {
        audience: Audience::read(fields, rules)?,
        target: fields.text("target")?.unwrap_or_default(),
        arguments: arguments(fields)?,
    })
}

pub(super) fn arguments(fields: &Fields<'_>) -> Result<Box<RawValue>, Rejection> {
    match fields.raw("arguments") {
        None => Ok(serde_json::from_str("[]")
            .map_err(|err| Rejection::new(RejectReason::NotJson, err.to_string()))?),
        Some(raw) if raw.get().starts_with('[') => Ok(raw.to_owned()),
        Some(_) => {
            let detail = "'arguments' must be an array, one element for each parameter";
            Err(Rejection::new(RejectReason::ArgumentsNotArray, detail))
        }
    }
}

fn action(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Action, Rejection> {
    let others = ["arguments", "result", "item", "error", "retain", "keepSeconds"];
    refuse(fields, &others, "action")?;
    let name = fields.text("action")?.unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "add" => change::add(fields),
        "remove" => change::remove(fields),
        "removeall" => change::remove_all(fields),
        "settle" => change::settle(fields),
        "show" => change::show(fields),
        "close" => close(fields, rules),
        "block" => block(fields),
        "unblock" => unblock(fields),
        _ => {
            let detail =
                "'action' is one of add, remove, removeAll, settle, show, close, block and unblock";
            Err(Rejection::new(RejectReason::UnknownAction, detail))
        }
    }
}

fn block(fields: &Fields<'_>) -> Result<Action, Rejection> {
    refuse(fields, &["allowReconnect", "revoke", "reason"], "action 'block'")?;
    let (users, ttl) = (users(fields)?, fields.seconds("ttlSeconds")?);
    Ok(Action::Block { users, ttl, scope: fields.scope()? })
}

fn unblock(fields: &Fields<'_>) -> Result<Action, Rejection> {
    let others = ["ttlSeconds", "reason", "allowReconnect", "revoke", "excludedConnectionIds"];
    refuse(fields, &others, "action 'unblock'")?;
    Ok(Action::Unblock { users: users(fields)?, scope: fields.scope()? })
}

fn close(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Action, Rejection> {
    refuse(fields, &["ttlSeconds"], "action 'close'")?;
    let audience = Audience::read(fields, rules)?;
    let allow_reconnect = fields.flag("allowReconnect")?.unwrap_or(false);
    let is_log_out = matches!(audience, Audience::Users(_)) && !allow_reconnect;
    let revoke = fields.flag("revoke")?.unwrap_or(is_log_out);
    if revoke && !is_log_out {
        let detail = "'revoke' goes with users and without 'allowReconnect'";
        return Err(Rejection::new(RejectReason::MisplacedProperty, detail));
    }
    Ok(Action::Close { audience, reason: fields.text("reason")?, allow_reconnect, revoke })
}

fn users(fields: &Fields<'_>) -> Result<Vec<UserId>, Rejection> {
    refuse(fields, &["connectionId", "groupName", "groupNames", "everyone"], "a block")?;
    fields
        .users()?
        .ok_or_else(|| Rejection::new(RejectReason::MissingAudience, "a block needs a 'userId'"))
}

pub(super) fn refuse(
    fields: &Fields<'_>,
    names: &[&'static str],
    with: &str,
) -> Result<(), Rejection> {
    match names.iter().find(|name| fields.has(name)) {
        None => Ok(()),
        Some(name) => {
            let detail = format!("'{name}' does not go with {with}");
            Err(Rejection::new(RejectReason::MisplacedProperty, detail))
        }
    }
}
