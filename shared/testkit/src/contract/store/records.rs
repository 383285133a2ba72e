//! The records of sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use hubcast_model::channel::ChannelKey;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Consistency, SocketStore};
use hubcast_model::session::{SessionId, SocketSession};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;
use hubcast_model::work::Charge;

use super::longest_name;
use crate::clock::START;
use crate::name;
use crate::principal::{admission, principal};
use crate::socket::connecting;

const HUB: &str = "records";

/// Runs every rule about records.
pub async fn all(store: &impl SocketStore) {
    a_record_reads_back_as_it_was_written(store).await;
    an_unknown_socket_has_no_record(store).await;
    a_handshake_begins_once(store).await;
    a_handshake_finishes_once_and_after_it_began(store).await;
    channels_are_noted_on_a_socket_that_joins_or_is_ready(store).await;
    no_channels_are_noted_on_any_other_socket(store).await;
    work_is_charged_on_top_of_what_is_not_paid(store).await;
    work_is_charged_with_channels_and_without(store).await;
    charges_at_once_all_count(store).await;
    nobody_else_is_charged(store).await;
    channels_are_forgotten(store).await;
    forgetting_makes_no_record(store).await;
    noting_and_forgetting_nothing_is_fine(store).await;
    a_known_socket_is_marked_closed_once(store).await;
    an_unknown_socket_is_marked_closed_once(store).await;
    a_closed_socket_does_not_get_ready(store).await;
    a_record_is_deleted_exactly_once(store).await;
    of_concurrent_deletes_one_gets_the_record(store).await;
}

fn keys(names: &[&str]) -> Vec<ChannelKey> {
    let key = |name: &&str| ChannelKey::group(&name::hub(HUB), &name::group(name).keyed(), 0);
    names.iter().map(key).collect()
}

async fn read(store: &impl SocketStore, id: &SocketId) -> Option<Socket> {
    store.socket(id, Consistency::Strong).await.expect("an answer")
}

/// A socket in the table, in this state.
async fn socket_in(store: &impl SocketStore, id: &str, state: SocketState) -> Socket {
    let socket = Socket { state, ..connecting(HUB, id, "alice") };
    store.create_socket(&socket).await.expect("an answer");
    socket
}

/// Marks a socket as closed by a Close that is sent at [`START`]; answers when another was sent.
async fn close(store: &impl SocketStore, id: &SocketId) -> Option<Timestamp> {
    store.mark_closed(id, START, START).await.expect("an answer")
}

/// Whatever a record says comes back, also what it does not have.
pub async fn a_record_reads_back_as_it_was_written(store: &impl SocketStore) {
    let bare = Socket { user: None, ..connecting(HUB, "record-bare=", "nobody") };
    let full = Socket {
        connection: name::connection("record-full-connection"),
        user: Some(name::user(&longest_name('名'))),
        state: SocketState::Ready,
        handshake_at: Some(START.plus(Duration::from_millis(2))),
        session_expires: Some(START.plus(Duration::from_millis(1))),
        session: Some(SocketSession {
            id: SessionId::of(&name::hub(HUB), "token"),
            grace: Duration::from_millis(1),
        }),
        admission: Some(Box::new(admission(principal(HUB, "alice")))),
        channels: keys(&["a", "a#b", "%2F", &longest_name('名')]).into_iter().collect(),
        paid_at: Some(START.plus(Duration::from_millis(1))),
        ..connecting(HUB, "record-full=", "alice")
    };
    for socket in [bare, full] {
        store.create_socket(&socket).await.expect("an answer");
        assert_eq!(read(store, &socket.id).await, Some(socket));
    }
}

/// Nothing is made up.
pub async fn an_unknown_socket_has_no_record(store: &impl SocketStore) {
    assert_eq!(read(store, &name::socket("record-unknown=")).await, None);
}

/// Only the first of two handshakes is taken on; it notes the rows to come.
pub async fn a_handshake_begins_once(store: &impl SocketStore) {
    let socket = socket_in(store, "record-begins=", SocketState::Connecting).await;
    let channels = keys(&["a", "b"]);
    let begun = store.begin_handshake(&socket.id, &channels, START).await.expect("an answer");
    let expected = Socket {
        state: SocketState::Joining,
        handshake_at: Some(START),
        channels: channels.iter().cloned().collect(),
        ..socket.clone()
    };
    assert_eq!(begun, Some(expected));
    let again = store.begin_handshake(&socket.id, &channels, START).await.expect("an answer");
    assert_eq!(again, None);
    let unknown = name::socket("record-begins-unknown=");
    assert_eq!(store.begin_handshake(&unknown, &channels, START).await.expect("an answer"), None);
    assert_eq!(read(store, &unknown).await, None);
}

/// A socket gets ready once, and never without having begun.
pub async fn a_handshake_finishes_once_and_after_it_began(store: &impl SocketStore) {
    let socket = socket_in(store, "record-finishes=", SocketState::Connecting).await;
    assert!(!store.finish_handshake(&socket).await.expect("an answer"));
    let begun = store.begin_handshake(&socket.id, &keys(&["a"]), START).await.expect("an answer");
    let begun = begun.expect("a socket");
    assert!(store.finish_handshake(&begun).await.expect("an answer"));
    assert!(!store.finish_handshake(&begun).await.expect("an answer"));
    assert_eq!(read(store, &socket.id).await, Some(Socket { state: SocketState::Ready, ..begun }));
    let unknown = connecting(HUB, "record-finishes-unknown=", "alice");
    assert!(!store.finish_handshake(&unknown).await.expect("an answer"));
    assert_eq!(read(store, &unknown.id).await, None);
}

/// Rows may be noted as soon as the handshake was taken on.
pub async fn channels_are_noted_on_a_socket_that_joins_or_is_ready(store: &impl SocketStore) {
    for (id, state) in
        [("record-notes1=", SocketState::Joining), ("record-notes2=", SocketState::Ready)]
    {
        let socket = socket_in(store, id, state).await;
        store.note_channels(&socket.id, &keys(&["a"]), None).await.expect("an answer");
        let noted =
            store.note_channels(&socket.id, &keys(&["a", "b"]), None).await.expect("an answer");
        let channels: BTreeSet<ChannelKey> = keys(&["a", "b"]).into_iter().collect();
        assert_eq!(noted, Some(Socket { channels, ..socket.clone() }));
        assert_eq!(read(store, &socket.id).await, noted);
    }
}

/// A socket that has not shaken hands, was closed or is gone gets no rows.
pub async fn no_channels_are_noted_on_any_other_socket(store: &impl SocketStore) {
    for (id, state) in
        [("record-refuses1=", SocketState::Connecting), ("record-refuses2=", SocketState::Closed)]
    {
        let socket = socket_in(store, id, state).await;
        let noted = store.note_channels(&socket.id, &keys(&["a"]), None).await.expect("an answer");
        assert_eq!(noted, None);
        assert_eq!(read(store, &socket.id).await, Some(socket));
    }
    let unknown = name::socket("record-refuses3=");
    let noted = store.note_channels(&unknown, &keys(&["a"]), None).await.expect("an answer");
    assert_eq!((noted, read(store, &unknown).await), (None, None));
}

fn charge(now: Timestamp, seen: Option<Timestamp>) -> Charge {
    Charge { price: Duration::from_millis(100), now, seen }
}

/// Notes nothing but a charge; answers when all work is paid for.
async fn charged(store: &impl SocketStore, id: &SocketId, charge: Charge) -> Option<Timestamp> {
    let socket = store.note_channels(id, &[], Some(charge)).await.expect("an answer");
    socket.and_then(|socket| socket.paid_at)
}

/// Whatever the caller read before: nothing, an old record, or the last one.
pub async fn work_is_charged_on_top_of_what_is_not_paid(store: &impl SocketStore) {
    let socket = socket_in(store, "record-work=", SocketState::Ready).await;
    let after = |millis| START.plus(Duration::from_millis(millis));
    let paid_at = charged(store, &socket.id, charge(START, None)).await;
    assert_eq!(paid_at, Some(after(100)));
    assert_eq!(charged(store, &socket.id, charge(START, paid_at)).await, Some(after(200)));
    assert_eq!(charged(store, &socket.id, charge(after(50), None)).await, Some(after(300)));
    // All is paid for by then, and a rest is no credit.
    assert_eq!(charged(store, &socket.id, charge(after(1000), paid_at)).await, Some(after(1100)));
}

/// The charge rides on whatever else is written.
pub async fn work_is_charged_with_channels_and_without(store: &impl SocketStore) {
    let socket = socket_in(store, "record-work-rides=", SocketState::Joining).await;
    for (channel, millis) in [("a", 100), ("b", 200)] {
        let (channels, charge) = (keys(&[channel]), Some(charge(START, None)));
        let noted = store.note_channels(&socket.id, &channels, charge).await;
        let noted = noted.expect("an answer").expect("a socket");
        assert!(noted.channels.contains(&keys(&[channel])[0]));
        assert_eq!(noted.paid_at, Some(START.plus(Duration::from_millis(millis))));
        assert_eq!(read(store, &socket.id).await, Some(noted));
    }
}

/// None is lost, so that many frames at once cost no less.
pub async fn charges_at_once_all_count(store: &impl SocketStore) {
    let socket = socket_in(store, "record-work-races=", SocketState::Ready).await;
    let pay = || Box::pin(charged(store, &socket.id, charge(START, None)));
    tokio::join!(pay(), pay(), pay(), pay());
    let paid_at = read(store, &socket.id).await.and_then(|socket| socket.paid_at);
    assert_eq!(paid_at, Some(START.plus(Duration::from_millis(400))));
}

/// A socket that is closed, or is not there, has no account.
pub async fn nobody_else_is_charged(store: &impl SocketStore) {
    let closed = socket_in(store, "record-work-closed=", SocketState::Closed).await;
    assert_eq!(charged(store, &closed.id, charge(START, None)).await, None);
    assert_eq!(read(store, &closed.id).await, Some(closed));
    let unknown = name::socket("record-work-unknown=");
    assert_eq!(charged(store, &unknown, charge(START, None)).await, None);
    assert_eq!(read(store, &unknown).await, None);
}

/// Only what is named is forgotten; what was not noted is no error.
pub async fn channels_are_forgotten(store: &impl SocketStore) {
    let socket = socket_in(store, "record-forgets=", SocketState::Ready).await;
    store.note_channels(&socket.id, &keys(&["a", "b", "c"]), None).await.expect("an answer");
    store.forget_channels(&socket.id, &keys(&["a", "c", "d"])).await.expect("an answer");
    let left = read(store, &socket.id).await.expect("a socket").channels;
    assert_eq!(left.into_iter().collect::<Vec<_>>(), keys(&["b"]));
    store.forget_channels(&socket.id, &keys(&["b"])).await.expect("an answer");
    assert_eq!(read(store, &socket.id).await, Some(socket));
}

/// A socket that is gone stays gone.
pub async fn forgetting_makes_no_record(store: &impl SocketStore) {
    let unknown = name::socket("record-forgets-unknown=");
    store.forget_channels(&unknown, &keys(&["a"])).await.expect("an answer");
    assert_eq!(read(store, &unknown).await, None);
    assert_eq!(close(store, &unknown).await, None);
}

/// An empty list is a list.
pub async fn noting_and_forgetting_nothing_is_fine(store: &impl SocketStore) {
    let socket = socket_in(store, "record-nothing=", SocketState::Connecting).await;
    assert_eq!(store.note_channels(&socket.id, &[], None).await.expect("an answer"), None);
    let begun = store.begin_handshake(&socket.id, &[], START).await.expect("an answer");
    let joining = SocketState::Joining;
    let expected = Socket { state: joining, handshake_at: Some(START), ..socket.clone() };
    assert_eq!(begun, Some(expected));
    let noted = store.note_channels(&socket.id, &[], None).await.expect("an answer");
    assert_eq!(noted, begun);
    store.forget_channels(&socket.id, &[]).await.expect("an answer");
    assert_eq!(read(store, &socket.id).await, begun);
}

/// The second time says that it is the second; nothing else of the record changes.
pub async fn a_known_socket_is_marked_closed_once(store: &impl SocketStore) {
    let socket = socket_in(store, "record-closes=", SocketState::Ready).await;
    let noted = store.note_channels(&socket.id, &keys(&["a"]), None).await.expect("an answer");
    assert_eq!(close(store, &socket.id).await, None);
    assert_eq!(close(store, &socket.id).await, Some(START));
    let closed = noted.map(|socket| Socket { state: SocketState::Closed, ..socket });
    assert_eq!(read(store, &socket.id).await, closed);
    assert_eq!(store.delete_socket(&socket.id).await.expect("an answer"), closed);
}

/// A mark alone is not a record, but is remembered until it is deleted.
pub async fn an_unknown_socket_is_marked_closed_once(store: &impl SocketStore) {
    let unknown = name::socket("record-closes-unknown=");
    assert_eq!(close(store, &unknown).await, None);
    assert_eq!(close(store, &unknown).await, Some(START));
    assert_eq!(read(store, &unknown).await, None);
    assert_eq!(store.delete_socket(&unknown).await.expect("an answer"), None);
    assert_eq!(close(store, &unknown).await, None);
}

/// Closed is the end of a socket's life, whatever was under way.
pub async fn a_closed_socket_does_not_get_ready(store: &impl SocketStore) {
    let socket = socket_in(store, "record-ends=", SocketState::Connecting).await;
    store.begin_handshake(&socket.id, &keys(&["a"]), START).await.expect("an answer");
    assert_eq!(close(store, &socket.id).await, None);
    assert!(!store.finish_handshake(&socket).await.expect("an answer"));
    let begun = store.begin_handshake(&socket.id, &keys(&["a"]), START).await.expect("an answer");
    assert_eq!(begun, None);
}

/// Whoever deletes the record gets it; later ones get nothing.
pub async fn a_record_is_deleted_exactly_once(store: &impl SocketStore) {
    let socket = socket_in(store, "record-deletes=", SocketState::Ready).await;
    let noted = store.note_channels(&socket.id, &keys(&["a"]), None).await.expect("an answer");
    assert_eq!(store.delete_socket(&socket.id).await.expect("an answer"), noted);
    assert_eq!(store.delete_socket(&socket.id).await.expect("an answer"), None);
    assert_eq!(read(store, &socket.id).await, None);
}

/// However many delete at once, one answers for the rows.
pub async fn of_concurrent_deletes_one_gets_the_record(store: &impl SocketStore) {
    let socket = socket_in(store, "record-races=", SocketState::Ready).await;
    let delete = || Box::pin(async { store.delete_socket(&socket.id).await.expect("an answer") });
    let answers: [Option<Socket>; 4] = tokio::join!(delete(), delete(), delete(), delete()).into();
    assert_eq!(answers.into_iter().flatten().count(), 1);
}
