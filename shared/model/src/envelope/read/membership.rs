//! Actions on memberships, as envelopes ask for them.

use super::fields::Fields;
use crate::audience::Audience;
use crate::envelope::content::Action;
use crate::envelope::rejection::{RejectReason, Rejection};
use crate::id::GroupName;

/// What only other envelopes have.
const OTHERS: [&str; 5] =
    ["ttlSeconds", "reason", "allowReconnect", "revoke", "excludedConnectionIds"];

pub(super) fn add(fields: &Fields<'_>) -> Result<Action, Rejection> {
    let others = ["reason", "allowReconnect", "revoke", "excludedConnectionIds"];
    fields.refuse(&others, "action 'add'")?;
    let (audience, groups) = (audience(fields)?, groups(fields)?);
    Ok(Action::Add { audience, groups, ttl: fields.seconds("ttlSeconds")? })
}

pub(super) fn remove(fields: &Fields<'_>) -> Result<Action, Rejection> {
    fields.refuse(&OTHERS, "action 'remove'")?;
    Ok(Action::Remove { audience: audience(fields)?, groups: groups(fields)? })
}

pub(super) fn remove_all(fields: &Fields<'_>) -> Result<Action, Rejection> {
    fields.refuse(&OTHERS, "action 'removeAll'")?;
    fields.refuse(&["groupName", "groupNames"], "action 'removeAll'")?;
    Ok(Action::RemoveAll { audience: audience(fields)? })
}

pub(super) fn settle(fields: &Fields<'_>) -> Result<Action, Rejection> {
    let others = ["ttlSeconds", "reason", "allowReconnect", "revoke", "connectionId"];
    fields.refuse(&others, "action 'settle'")?;
    fields.flag("everyone")?;
    let missing = || Rejection::new(RejectReason::MissingAudience, "a settle needs a 'userId'");
    Ok(Action::Settle { users: fields.users()?.ok_or_else(missing)?, groups: fields.groups()? })
}

pub(super) fn show(fields: &Fields<'_>) -> Result<Action, Rejection> {
    fields.refuse(&OTHERS, "action 'show'")?;
    fields.refuse(&["groupNames"], "action 'show'")?;
    let audience = audience(fields)?;
    let group = groups(fields)?.into_iter().next();
    let missing = || Rejection::new(RejectReason::MissingGroup, "a show needs a 'groupName'");
    Ok(Action::Show { audience, group: group.ok_or_else(missing)? })
}

/// A connection or users: only they have memberships.
fn audience(fields: &Fields<'_>) -> Result<Audience, Rejection> {
    // Everything named is checked, also what does not count.
    let (connection, users, _) = (fields.connection()?, fields.users()?, fields.flag("everyone")?);
    if let Some(connection) = connection {
        return Ok(Audience::Connection(connection));
    }
    users.map(Audience::Users).ok_or_else(|| {
        let detail = "a group action needs a 'connectionId' or a 'userId'";
        Rejection::new(RejectReason::MissingAudience, detail)
    })
}

fn groups(fields: &Fields<'_>) -> Result<Vec<GroupName>, Rejection> {
    fields.groups()?.ok_or_else(|| {
        Rejection::new(RejectReason::MissingGroup, "a group action needs a 'groupName'")
    })
}
