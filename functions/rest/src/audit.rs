//! The audit: who had what changed by a call, and who was not let.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use hubcast_model::audience::Audience;
use hubcast_model::id::ConnectionId;
use hubcast_model::journey::audit::{Deed, Outcome, Source, Whom};

use crate::answer::MESSAGE_ID;
use crate::permission::Permission;
use crate::request::Request;
use crate::route::Operation;

/// A call was carried out, or put on the queue. Calls that only read leave no entry, and neither do
/// those that only send: the journey of a message tells of these.
pub(crate) fn done(
    permission: &Permission,
    request: &Request<'_>,
    answer: &ApiGatewayV2httpResponse,
) {
    let operation = request.route.operation;
    // The connection stands in the body, see `renewed`.
    if operation == Operation::RefreshAuth {
        return;
    }
    if let Some(action) = change(operation) {
        let message_id = answer.headers.get(MESSAGE_ID).and_then(|ids| ids.to_str().ok());
        let source = Source { message_id, ..Source::default() };
        let deed = Deed { source, ..deed(permission, action, operation, whom(request)) };
        deed.write();
    }
}

/// A caller renewed what the token of a connection lets its client do.
pub(crate) fn renewed(permission: &Permission, request: &Request<'_>, connection: ConnectionId) {
    let whom = Whom::of(request.hub.clone(), Audience::Connection(connection));
    deed(permission, "token", request.route.operation, whom).write();
}

/// A caller may not make a call on this hub.
pub(crate) fn refused(permission: &Permission, request: &Request<'_>) {
    let operation = request.route.operation;
    let action = change(operation).unwrap_or_else(|| kind(operation));
    let deed = deed(permission, action, operation, whom(request));
    Deed { outcome: Outcome::Refused, ..deed }.write();
}

/// A caller got a key that signs for every hub.
pub(crate) fn key_given(permission: &Permission) {
    deed(permission, "accessKey", Operation::AccessKey, Whom::Nobody).write();
}

/// A caller may not have a key.
pub(crate) fn key_refused(permission: &Permission) {
    let deed = deed(permission, "accessKey", Operation::AccessKey, Whom::Nobody);
    Deed { outcome: Outcome::Refused, ..deed }.write();
}

fn deed<'a>(
    permission: &'a Permission,
    action: &'a str,
    operation: Operation,
    whom: Whom,
) -> Deed<'a> {
    let (outcome, source) = (Outcome::Done, Source::default());
    let operation = Some(format!("{operation:?}"));
    Deed { doer: &permission.doer, action, operation, outcome, whom, source }
}

/// To whom a call does something. Names that cannot be read make the call fail by themselves.
fn whom(request: &Request<'_>) -> Whom {
    if request.route.operation == Operation::GenerateToken {
        let user = request.token_user().ok().flatten();
        return Whom::of(request.hub.clone(), Audience::Users(user.into_iter().collect()));
    }
    let group = request.group().ok();
    let audience = match request.each_audience() {
        Ok(each) => together(each),
        Err(_) => request.audience().unwrap_or(Audience::Hub),
    };
    let is_group = matches!(audience, Audience::Groups(_));
    let groups = group.into_iter().filter(|_| !is_group).collect();
    Whom::Named { hub: request.hub.clone(), audience, groups }
}

/// Several audiences of one kind as one.
fn together(each: Vec<Audience>) -> Audience {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for audience in each {
        match audience {
            Audience::Users(more) => users.extend(more),
            Audience::Groups(more) => groups.extend(more),
            Audience::Connection(_) | Audience::Hub => {}
        }
    }
    if users.is_empty() { Audience::Groups(groups) } else { Audience::Users(users) }
}

/// What a call changes, in the words of `PRODUCERS` where these have one; `None` when it changes
/// nothing.
const fn change(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::Close | Operation::CloseConnection => "close",
        // The publisher's entries tell of each element.
        Operation::Enqueue => "envelope",
        Operation::Execute => "commands",
        Operation::GenerateToken | Operation::RefreshAuth => "token",
        Operation::AddConnection | Operation::AddUser => "add",
        Operation::RemoveConnection | Operation::RemoveUser => "remove",
        Operation::RemoveConnectionFromAll | Operation::RemoveUserFromAll => "removeAll",
        Operation::AccessKey => "accessKey",
        Operation::Health
        | Operation::OpenApi
        | Operation::Send
        | Operation::SendToEach
        | Operation::Invoke
        | Operation::StreamSend
        | Operation::StreamComplete
        | Operation::Exists
        | Operation::ConnectionClaims
        | Operation::IsUserInGroup
        | Operation::ListConnections
        | Operation::ListUsers
        | Operation::ListGroups
        | Operation::Count
        | Operation::MessageFate => return None,
    })
}

/// What a call that changes nothing does.
const fn kind(operation: Operation) -> &'static str {
    match operation {
        Operation::Send | Operation::SendToEach => "message",
        Operation::Invoke => "invoke",
        Operation::StreamSend | Operation::StreamComplete => "answer",
        _ => "read",
    }
}
