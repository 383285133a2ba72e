//! Who a notification is for.

use super::EnvelopeRules;
use super::fields::Fields;
use crate::audience::Audience;
use crate::envelope::rejection::{RejectReason, Rejection};

/// Reads the audience of an element. When several are named the higher one counts, in the order of
/// [`Audience`], as in Azure.
pub(super) fn read(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Audience, Rejection> {
    // Everything named is checked, also what a higher audience makes irrelevant.
    let (connection, users, groups) = (fields.connection()?, fields.users()?, fields.groups()?);
    let everyone = fields.flag("everyone")?.unwrap_or(false);
    if let Some(connection) = connection {
        return Ok(Audience::Connection(connection));
    }
    if let Some(users) = users {
        return Ok(Audience::Users(users));
    }
    if let Some(groups) = groups {
        return Ok(Audience::Groups(groups));
    }
    if everyone || rules.implicit_broadcast {
        return Ok(Audience::Hub);
    }
    let detail = "nobody is named; say \"everyone\": true to reach the whole hub";
    Err(Rejection::new(RejectReason::ImplicitBroadcast, detail))
}
