//! A connection, as commands show it.

use hubcast_model::channel::Member;
use hubcast_model::id::UserId;
use hubcast_model::socket::{Socket, SocketState};
use serde_json::{Value, json};

use crate::moment::rfc3339;

/// A connection for programs, and for people.
pub(crate) fn described(member: &Member, record: Option<&Socket>) -> (Value, String) {
    let (id, user) = (member.connection.as_str(), member.user.as_ref().map(UserId::as_str));
    let mut json = json!({ "connectionId": id, "userId": user });
    let mut text = format!("{id:<24}  {}", user.unwrap_or("(nobody in particular)"));
    if let Some(socket) = record {
        let groups: Vec<String> = socket.groups().map(|group| group.to_string()).collect();
        let since = rfc3339(socket.connected_at);
        text = format!("{text}  {since}  {}", groups.join(", "));
        json["connectedAt"] = Value::from(since);
        json["groups"] = Value::from(groups);
        json["isReady"] = Value::from(socket.state == SocketState::Ready);
    }
    (json, text.trim_end().to_owned())
}
