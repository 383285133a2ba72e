//! What of a message is for those who are not there.

use super::fields::Fields;
use super::{EnvelopeRules, audience};
use crate::audience::Audience;
use crate::envelope::content::Content;
use crate::envelope::rejection::{RejectReason, Rejection};
use crate::envelope::retention::Retention;

/// Reads what a message says.
pub(super) fn read(fields: &Fields<'_>, audience: &Audience) -> Result<Retention, Rejection> {
    match (fields.retained_key()?, fields.seconds("keepSeconds")?) {
        (None, None) => Ok(Retention::Nothing),
        (Some(key), None) => board(audience).map(|()| Retention::Board(key)),
        (None, Some(lifetime)) => one_user(fields, audience).map(|()| Retention::Inbox(lifetime)),
        (Some(_), Some(_)) => Err(misplaced("'keepSeconds' does not go with 'retain'")),
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
    fields.refuse(&others, "'retain' alone")?;
    let audience = audience::read(fields, rules)?;
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
