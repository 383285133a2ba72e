//! The rules of the ends of sessions.

use std::time::Duration;

use hubcast_model::context::Admission;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Consistency, DeadlineStore, SocketStore};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;

use crate::clock::START;
use crate::name;
use crate::principal::{admission, principal};
use crate::socket::connecting;

const HUB: &str = "deadlines";

/// Runs every rule.
pub async fn all(store: &(impl DeadlineStore + SocketStore)) {
    an_end_is_moved_and_taken_away(store).await;
    an_end_that_has_come_stays(store).await;
    a_socket_that_is_not_there_has_no_end_to_move(store).await;
    an_admission_is_noted_with_its_end_only(store).await;
}

fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

fn ending(deadline: Option<Timestamp>) -> Admission {
    let mut ending = admission(principal(HUB, "alice"));
    ending.principal.session_expires = deadline;
    ending.principal.connection = Some(name::connection("c"));
    ending
}

async fn socket_in(store: &impl SocketStore, id: &str, state: SocketState) -> Socket {
    let admission = Some(Box::new(ending(Some(at(10)))));
    let session_expires = Some(at(10));
    let socket = Socket { state, session_expires, admission, ..connecting(HUB, id, "alice") };
    store.create_socket(&socket).await.expect("an answer");
    socket
}

async fn read(store: &impl SocketStore, id: &SocketId) -> Option<Socket> {
    store.socket(id, Consistency::Strong).await.expect("an answer")
}

/// Forward and back, and for good.
pub async fn an_end_is_moved_and_taken_away(store: &(impl DeadlineStore + SocketStore)) {
    let socket = socket_in(store, "deadline-moves=", SocketState::Ready).await;
    for deadline in [Some(at(20)), Some(at(15)), None, Some(at(30))] {
        let moved = store.move_deadline(&socket.id, deadline, at(9)).await.expect("an answer");
        let expected = Socket { session_expires: deadline, ..socket.clone() };
        assert_eq!(moved, Some(expected));
        assert_eq!(read(store, &socket.id).await, moved);
    }
}

/// Whoever finds a session over may act on that.
pub async fn an_end_that_has_come_stays(store: &(impl DeadlineStore + SocketStore)) {
    let socket = socket_in(store, "deadline-over=", SocketState::Ready).await;
    let moved = store.move_deadline(&socket.id, Some(at(20)), at(10)).await.expect("an answer");
    assert_eq!((moved, read(store, &socket.id).await), (None, Some(socket)));
}

/// Nor an admission to note.
pub async fn a_socket_that_is_not_there_has_no_end_to_move(
    store: &(impl DeadlineStore + SocketStore),
) {
    let gone = name::socket("deadline-gone=");
    let mut sockets = vec![(gone.clone(), None)];
    for (id, state) in [
        ("deadline-early=", SocketState::Connecting),
        // Its rows are being written by what the token said before.
        ("deadline-joining=", SocketState::Joining),
        ("deadline-late=", SocketState::Closed),
    ] {
        let socket = socket_in(store, id, state).await;
        sockets.push((socket.id.clone(), Some(socket)));
    }
    for (id, expected) in sockets {
        assert_eq!(store.move_deadline(&id, None, at(0)).await.expect("an answer"), None);
        let noted = store.renew_admission(&id, &ending(Some(at(10)))).await.expect("an answer");
        assert_eq!((noted, read(store, &id).await), (None, expected));
    }
}

/// Of two refreshes at once the admission of the one counts whose end counts.
pub async fn an_admission_is_noted_with_its_end_only(store: &(impl DeadlineStore + SocketStore)) {
    let socket = socket_in(store, "deadline-admits=", SocketState::Ready).await;
    for deadline in [Some(at(20)), None] {
        let other = ending(Some(at(11)));
        let refused = store.renew_admission(&socket.id, &other).await.expect("an answer");
        assert_eq!(refused, None);
        store.move_deadline(&socket.id, deadline, at(0)).await.expect("an answer");
        let admission = ending(deadline);
        let noted = store.renew_admission(&socket.id, &admission).await.expect("an answer");
        let expected = Socket {
            session_expires: deadline,
            admission: Some(Box::new(admission)),
            ..socket.clone()
        };
        assert_eq!(noted, Some(expected));
        assert_eq!(read(store, &socket.id).await, noted);
    }
}
