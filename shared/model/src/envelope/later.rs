//! What of a message is for those who come later.

use std::time::Duration;

use super::EnvelopeRules;
use super::audience::Audience;
use super::content::{Content, refuse};
use super::fields::Fields;
use super::rejection::{RejectReason, Rejection};
use crate::later::RetainedKey;

/// What those get of a message who are not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Later {
    /// Nothing.
    #[default]
    Nothing,
    /// Whoever comes into the audience gets it, as long as it is the last one of its key.
    Retained(RetainedKey),
    /// The user gets it with the next connection, if no socket took it, for so long after it was
    /// sent.
    Kept(Duration),
}

impl Later {
    /// Reads what a message says.
    pub(super) fn read(fields: &Fields<'_>, audience: &Audience) -> Result<Self, Rejection> {
        match (fields.retained_key()?, fields.seconds("keepSeconds")?) {
            (None, None) => Ok(Self::Nothing),
            (Some(key), None) => board(audience).map(|()| Self::Retained(key)),
            (None, Some(lifetime)) => one_user(fields, audience).map(|()| Self::Kept(lifetime)),
            (Some(_), Some(_)) => Err(misplaced("'keepSeconds' does not go with 'retain'")),
        }
    }
}

/// Only what others can come into has a board.
fn board(audience: &Audience) -> Result<(), Rejection> {
    match audience {
        Audience::Users(_) | Audience::Groups(_) | Audience::Hub => Ok(()),
        Audience::Connection(_) => {
            Err(misplaced("'retain' goes with users, groups or the whole hub"))
        }
    }
}

/// A retained value without a target is taken down.
pub(super) fn clear(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Content, Rejection> {
    let others = [
        "arguments",
        "keepSeconds",
        "ttlSeconds",
        "reason",
        "allowReconnect",
        "revoke",
        "result",
        "item",
        "error",
    ];
    refuse(fields, &others, "'retain' alone")?;
    let audience = Audience::read(fields, rules)?;
    board(&audience)?;
    let key = fields
        .retained_key()?
        .ok_or_else(|| Rejection::new(RejectReason::NoContent, "'retain' needs a key"))?;
    Ok(Content::Clear { audience, key })
}

/// Each message waits for one user, so that it is clear when it was taken.
fn one_user(fields: &Fields<'_>, audience: &Audience) -> Result<(), Rejection> {
    match audience {
        Audience::Users(_) if fields.has("userId") && !fields.has("userIds") => Ok(()),
        _ => Err(misplaced("'keepSeconds' goes with one 'userId'")),
    }
}

fn misplaced(detail: &str) -> Rejection {
    Rejection::new(RejectReason::MisplacedProperty, detail)
}
