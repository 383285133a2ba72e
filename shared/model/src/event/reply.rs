//! What follows from events, as envelopes for their clients.

use signalr_protocol::texts;

use crate::audience::Audience;
use crate::client::Client;
use crate::envelope::{Action, Answer, Content, Notification};

/// The envelope that answers an invocation of a client.
pub fn answer(client: &Client, invocation_id: &str, answer: Answer) -> String {
    let (connection, invocation_id) = (client.connection.clone(), invocation_id.to_owned());
    let content = Content::Answer { connection, invocation_id, answer };
    Notification::new(client.hub.clone(), content).to_json()
}

/// The envelope that closes a connection which backends refused, as SignalR closes a connection
/// whose `OnConnectedAsync` throws.
pub fn refusal(client: &Client) -> String {
    let close = Action::Close {
        audience: Audience::Connection(client.connection.clone()),
        reason: Some(texts::CLOSED_WITH_ERROR.to_owned()),
        allow_reconnect: false,
        revoke: None,
    };
    Notification::new(client.hub.clone(), Content::Action(close)).to_json()
}

/// The envelope that answers an invocation nobody answered in time.
pub fn time_out(client: &Client, invocation_id: &str, target: &str) -> String {
    answer(client, invocation_id, Answer::Error(texts::unanswered(target)))
}
