//! The audit: who had what changed by a call.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use hubcast_model::audience::Audience;
use hubcast_model::journey::{AUDIT, names};

use crate::answer::MESSAGE_ID;
use crate::permission::Permission;
use crate::request::Request;
use crate::route::Operation;

/// A call was carried out, or put on the queue. Calls that only read leave no line, and neither do
/// those that only send: the journey of a message tells of these.
pub(crate) fn done(
    permission: &Permission,
    request: &Request<'_>,
    answer: &ApiGatewayV2httpResponse,
) {
    let operation = request.route.operation;
    if !changes(operation) {
        return;
    }
    let (hub, audience) = (&request.hub, request.audience().ok());
    let group = request.group().ok().map(Audience::group);
    let message_id = answer.headers.get(MESSAGE_ID).and_then(|ids| ids.to_str().ok());
    tracing::info!(
        target: AUDIT,
        by = if permission.roles.is_none() { "access_key" } else { "app" },
        roles = permission.roles.as_ref().map(|roles| roles.join(" ")),
        action = ?operation,
        hub = hub.as_str(),
        audience_kind = audience.as_ref().map(Audience::kind),
        audience = audience.as_ref().and_then(|audience| names::audience(hub, audience)),
        groups = group.as_ref().and_then(|group| names::audience(hub, group)),
        message_id,
        "a call was carried out"
    );
}

const fn changes(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Close
            | Operation::CloseConnection
            | Operation::Enqueue
            | Operation::Execute
            | Operation::GenerateToken
            | Operation::RefreshAuth
            | Operation::AddConnection
            | Operation::AddUser
            | Operation::RemoveConnection
            | Operation::RemoveConnectionFromAll
            | Operation::RemoveUser
            | Operation::RemoveUserFromAll
    )
}
