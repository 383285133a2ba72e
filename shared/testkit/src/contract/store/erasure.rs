//! What is erased of one user, and what stays of others.

use std::collections::BTreeSet;

use hubcast_line::{Line, LineStore};
use hubcast_model::access::{Block, Membership, Standing};
use hubcast_model::client::Client;
use hubcast_model::id::{ConnectionId, HubName, SocketId, UserId};
use hubcast_model::ports::{
    BlockStore, BoardStore, ClientStore, Consistency, ErasureStore, InboxStore, MembershipStore,
    PendingStore, Personal, SocketStore,
};
use hubcast_model::retention::{
    Board, Inbox, InboxMessage, QueuePosition, RetainedKey, RetainedValue,
};
use hubcast_model::time::Timestamp;
use hubcast_model::values::Values;

use super::longest_name;
use crate::clock::START;
use crate::name;
use crate::socket::connecting;

/// How many rows of each kind somebody has who has everything.
const EACH: usize = 3;

/// Runs every rule.
pub async fn all<S>(store: &S)
where
    S: BlockStore
        + BoardStore
        + ClientStore
        + ErasureStore
        + InboxStore
        + LineStore
        + MembershipStore
        + PendingStore
        + SocketStore,
{
    a_user_is_erased_and_nobody_else(store).await;
    what_a_socket_told_is_erased_with_its_calls(store).await;
    a_line_is_erased_and_its_neighbours_stay(store).await;
    nothing_is_left_to_erase_of_a_stranger(store).await;
}

async fn has_everything<S>(store: &S, hub: &HubName, user: &UserId)
where
    S: BlockStore + BoardStore + InboxStore + MembershipStore,
{
    for n in 0..EACH {
        let group = name::group(&format!("g{n}"));
        let membership =
            Membership { group: group.keyed(), standing: Standing::Member, expires: None };
        store.put_membership(hub, user, &membership).await.expect("an answer");
        let position = QueuePosition::new("g", &n.to_string(), 0);
        let message = InboxMessage {
            position: position.clone(),
            progress_key: n.to_string(),
            record: String::new(),
            expires: later(),
        };
        let inbox = Inbox { hub: hub.clone(), user: user.keyed() };
        store.put_inbox_message(&inbox, &message).await.expect("an answer");
        let board = Board::User { hub: hub.clone(), user: user.keyed() };
        let key = RetainedKey::parse(&format!("k{n}")).expect("a key");
        let value = RetainedValue { key, position, record: None, expires: later() };
        store.put_retained(&board, &value).await.expect("an answer");
    }
    let block = Block { until: Some(later()), not_before: Some(START) };
    store.put_block(Some(hub), user, block).await.expect("an answer");
    store.put_block(None, user, block).await.expect("an answer");
}

fn later() -> Timestamp {
    START.plus(std::time::Duration::from_hours(1))
}

/// Every kind with how many rows somebody has who has everything.
fn kinds<'a>(hub: &'a HubName, user: &'a UserId) -> [(Personal<'a>, usize); 5] {
    [
        (Personal::Memberships(hub, user), EACH),
        (Personal::Inbox(hub, user), EACH),
        (Personal::Board(hub, user), EACH),
        (Personal::Block(Some(hub), user), 1),
        (Personal::Block(None, user), 1),
    ]
}

/// Also when names begin alike, or are so long that keys hold a digest.
pub async fn a_user_is_erased_and_nobody_else<S>(store: &S)
where
    S: BlockStore + BoardStore + ErasureStore + InboxStore + MembershipStore,
{
    let (hub, other) = (name::hub("erasure"), name::hub("erasure_too"));
    let long = longest_name('x');
    let users = ["erin", "erin#1", "Erin", &long].map(name::user);
    for user in &users {
        for hub in [&hub, &other] {
            has_everything(store, hub, user).await;
        }
    }
    for (at, user) in users.iter().enumerate() {
        let hubs = store.hubs_of(user).await.expect("an answer");
        assert_eq!(hubs, BTreeSet::from([hub.clone(), other.clone()]));
        for (what, count) in kinds(&hub, user) {
            assert_eq!(store.count_personal(what).await.expect("an answer"), count);
            assert_eq!(store.erase_personal(what).await.expect("an answer"), count);
            assert_eq!(store.erase_personal(what).await.expect("an answer"), 0, "again");
        }
        assert_eq!(store.hubs_of(user).await.expect("an answer"), [other.clone()].into());
        for later in users.iter().skip(at + 1) {
            for (what, count) in kinds(&hub, later) {
                assert_eq!(store.count_personal(what).await.expect("an answer"), count);
            }
        }
    }
}

/// The socket's own row stays: whoever removes the socket finds in it what else to remove.
pub async fn what_a_socket_told_is_erased_with_its_calls<S>(store: &S)
where
    S: ClientStore + ErasureStore + PendingStore,
{
    let sockets = ["erasure1=", "erasure2="].map(name::socket);
    let put = async |socket: &SocketId| {
        let client = Client {
            hub: name::hub("erasure"),
            connection: name::connection("c"),
            user: Some(name::user("erin")),
            claims: Values::new(),
            query: Values::new(),
        };
        store.put_client(socket, &client, later()).await.expect("an answer");
        for id in ["1", "2"] {
            store.put_pending(socket, id, START, later()).await.expect("an answer");
        }
    };
    for socket in &sockets {
        put(socket).await;
    }
    let [first, second] = &sockets;
    for (what, count) in [(Personal::Client(first), 1), (Personal::Calls(first), 2)] {
        assert_eq!(store.erase_personal(what).await.expect("an answer"), count);
        assert_eq!(store.count_personal(what).await.expect("an answer"), 0);
    }
    assert_eq!(store.count_personal(Personal::Client(second)).await.expect("an answer"), 1);
    assert_eq!(store.count_personal(Personal::Calls(second)).await.expect("an answer"), 2);
}

/// The line's row stands beside the row of its connection, which stays too.
pub async fn a_line_is_erased_and_its_neighbours_stay<S>(store: &S)
where
    S: ErasureStore + LineStore + SocketStore,
{
    let lines = ["erasure-1", "erasure-2"].map(|id| {
        let connection = ConnectionId::line(id).expect("an id");
        let line = SocketId::of_line(&connection).expect("the id of a line");
        Line::open(line, name::socket(&format!("{id}=")), START)
    });
    for line in &lines {
        assert!(store.create_line(line).await.expect("an answer"));
        let socket = connecting("erasure", line.id.as_str(), "erin");
        store.create_socket(&socket).await.expect("an answer");
    }
    let [first, second] = lines.each_ref().map(|line| &line.id);
    assert_eq!(store.count_personal(Personal::Line(first)).await.expect("an answer"), 1);
    assert_eq!(store.erase_personal(Personal::Line(first)).await.expect("an answer"), 1);
    assert_eq!(store.erase_personal(Personal::Line(first)).await.expect("an answer"), 0, "again");
    assert!(store.line(first).await.expect("an answer").is_none());
    let socket = store.socket(first, Consistency::Strong).await.expect("an answer");
    assert!(socket.is_some(), "the row of the connection");
    assert!(store.line(second).await.expect("an answer").is_some());
    assert_eq!(store.count_personal(Personal::Line(second)).await.expect("an answer"), 1);
}

/// Somebody whom the table does not know.
pub async fn nothing_is_left_to_erase_of_a_stranger(store: &impl ErasureStore) {
    let (hub, stranger) = (name::hub("erasure"), name::user("stranger"));
    assert!(store.hubs_of(&stranger).await.expect("an answer").is_empty());
    for (what, _) in kinds(&hub, &stranger) {
        assert_eq!(store.erase_personal(what).await.expect("an answer"), 0);
    }
}
