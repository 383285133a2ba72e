//! What the tests of this function start from: its variables, and connections that are ready.

use std::time::Duration;

use hubcast_model::channel::{ChannelKey, ChannelRow, Member};
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::{ChannelStore, SocketStore};
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use hubcast_testkit::{MemoryStore, name, socket};
use hubcast_wiring::config::PublisherConfig;

/// The hub of all connections.
pub(crate) const HUB: &str = "notifications";
/// How long an invocation may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(29);

/// The settings of a publisher; a variable that no test cares about has its default.
pub(crate) fn config(more: &[(&str, &str)]) -> PublisherConfig {
    let config = PublisherConfig::read(|name| match name {
        "TABLE_NAME" => Some("t".to_owned()),
        "MANAGEMENT_ENDPOINT" | "NOTIFICATIONS_QUEUE_URL" | "DELIVERIES_QUEUE_URL" | "DLQ_URL" => {
            Some("https://api.example.com/x".to_owned())
        }
        _ => more.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    });
    config.unwrap_or_else(|err| panic!("{err}"))
}

/// A ready connection of a user. Rows of an older version do not say when the handshake began.
pub(crate) async fn tab(store: &MemoryStore, id: &str, user: &str, begun_at: Option<Timestamp>) {
    let known = socket::connecting(HUB, id, user);
    let key = ChannelKey::user(&known.hub, &name::user(user));
    let (socket, connection) = (known.id.clone(), ConnectionId::from(&known.id));
    let at = begun_at.unwrap_or(START);
    let member = Member { socket, connection, user: known.user.clone(), handshake_at: begun_at };
    let row = ChannelRow { key: key.clone(), member, expires: at.plus(Duration::from_hours(2)) };
    let written = async {
        store.create_socket(&known).await?;
        let begun = store.begin_handshake(&known.id, &[key], at).await?;
        store.put_rows(&[row]).await?;
        match begun {
            Some(socket) => store.finish_handshake(&socket).await,
            None => Ok(false),
        }
    };
    assert!(written.await.is_ok_and(|is_ready| is_ready));
}
