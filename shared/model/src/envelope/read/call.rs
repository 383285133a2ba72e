//! Calls with an id, and their answers: between one client and backends.

use super::fields::Fields;
use crate::envelope::content::{Answer, Content};
use crate::envelope::rejection::{RejectReason, Rejection};
use crate::id::ConnectionId;

/// What neither a call nor an answer holds.
const NOT_OF_CALLS: [&str; 7] =
    ["ttlSeconds", "reason", "allowReconnect", "revoke", "everyone", "retain", "keepSeconds"];

/// Reads a call of one client's method that it is to answer.
pub(super) fn invoke(fields: &Fields<'_>) -> Result<Content, Rejection> {
    fields.refuse(&NOT_OF_CALLS, "'target' and 'invocationId'")?;
    fields.refuse(&["result", "item", "error"], "'target' and 'invocationId'")?;
    Ok(Content::Invoke {
        connection: invoking(fields)?,
        invocation_id: fields.text("invocationId")?.unwrap_or_default(),
        target: fields.text("target")?.unwrap_or_default(),
        arguments: fields.arguments()?,
    })
}

/// The one connection of an invocation.
fn invoking(fields: &Fields<'_>) -> Result<ConnectionId, Rejection> {
    // Users and groups do not count here, but are checked like everything that is named.
    let (connection, _, _) = (fields.connection()?, fields.users()?, fields.groups()?);
    connection.ok_or_else(|| {
        let detail = "'invocationId' needs the 'connectionId' that invoked, or is invoked";
        Rejection::new(RejectReason::MissingAudience, detail)
    })
}

/// Reads the answer to a client's invocation.
pub(super) fn answer(fields: &Fields<'_>) -> Result<Content, Rejection> {
    fields.refuse(&NOT_OF_CALLS, "invocationId")?;
    fields.refuse(&["arguments"], "invocationId")?;
    let connection = invoking(fields)?;
    let contents = ["result", "item", "error"].into_iter().filter(|name| fields.has(name));
    if contents.count() > 1 {
        let detail = "an answer has a 'result', an 'item' or an 'error'";
        return Err(Rejection::new(RejectReason::SeveralContents, detail));
    }
    // A null result is a result, unlike one that is missing; so is an item.
    let (result, item) = (fields.value("result")?, fields.value("item")?);
    let answer = match (fields.text("error")?, item) {
        (Some(error), _) => Answer::Error(error),
        (None, Some(item)) if result.is_none() => Answer::Item(item.to_owned()),
        (None, _) => Answer::Result(result.map(ToOwned::to_owned)),
    };
    let invocation_id = fields.text("invocationId")?.unwrap_or_default();
    Ok(Content::Answer { connection, invocation_id, answer })
}
