//! The rules of what backends hear of clients.

use std::time::Duration;

use hubcast_model::client::{Client, ClientRecord};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ClientStore, PendingStore};
use hubcast_model::time::Timestamp;
use hubcast_model::trace::Traceparent;
use hubcast_model::values::Values;

use super::longest_name;
use crate::clock::START;
use crate::name;

/// Runs every rule.
pub async fn all(store: &(impl ClientStore + PendingStore)) {
    a_client_reads_back_as_it_was_written(store).await;
    an_unknown_client_is_none(store).await;
    a_client_is_announced_while_it_is_kept(store).await;
    claims_are_renewed_while_a_client_is_kept(store).await;
    of_concurrent_takers_one_gets_the_client(store).await;
    the_first_reason_for_an_end_counts(store).await;
    an_invocation_is_completed_by_one(store).await;
    who_settled_may_settle_again(store).await;
    nobody_settles_what_does_not_wait(store).await;
    an_id_is_free_again_once_settled_or_expired(store).await;
    any_invocation_id_will_do(store).await;
    what_somebody_completed_is_settled(store).await;
    what_waits_is_found_by_its_socket(store).await;
}

fn client(id: &str) -> Client {
    let values = |pairs: &[(&str, &[&str])]| -> Values {
        let pair = |(name, values): &(&str, &[&str])| {
            ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
        };
        pairs.iter().map(pair).collect()
    };
    Client {
        hub: name::hub("upstream"),
        connection: name::connection(id),
        user: Some(name::user("älice")),
        claims: values(&[("role", &["a, b", "c: d"]), ("", &[""])]),
        query: values(&[("tier", &["gold"]), ("語", &["", "&="])]),
    }
}

fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

async fn put(store: &impl ClientStore, socket: &SocketId, client: &Client) {
    store.put_client(socket, client, at(100)).await.expect("an answer");
}

async fn wait(store: &impl PendingStore, socket: &SocketId, id: &str, now: u64) -> bool {
    store.put_pending(socket, id, at(now), at(now + 10)).await.expect("an answer")
}

async fn settle(store: &impl PendingStore, socket: &SocketId, id: &str, by: &str) -> bool {
    store.complete_pending(socket, id, by).await.expect("an answer")
}

/// A fresh token says other claims of the same client.
pub async fn claims_are_renewed_while_a_client_is_kept(store: &impl ClientStore) {
    let (socket, kept) = (name::socket("claims-renewed="), client("claims-renewed"));
    let claims = Values::from([("role".to_owned(), vec!["other".to_owned()])]);
    assert!(!store.renew_claims(&socket, &claims).await.expect("an answer"));
    assert_eq!(store.client(&socket).await.expect("an answer"), None);
    put(store, &socket, &kept).await;
    store.mark_announced(&socket).await.expect("an answer");
    assert!(store.renew_claims(&socket, &claims).await.expect("an answer"));
    let known = store.client(&socket).await.expect("an answer");
    let expected = ClientRecord {
        client: Client { claims, ..kept },
        is_announced: true,
        why: None,
        trace: None,
    };
    assert_eq!(known, Some(expected));
}

/// Anonymous ones too.
pub async fn a_client_reads_back_as_it_was_written(store: &impl ClientStore) {
    let anonymous =
        Client { user: None, claims: Values::new(), query: Values::new(), ..client("c2") };
    for (id, client) in [("kept-1=", client("c1")), ("kept-2=", anonymous)] {
        let socket = name::socket(id);
        put(store, &socket, &client).await;
        let known = store.client(&socket).await.expect("an answer");
        assert_eq!(
            known,
            Some(ClientRecord { client, is_announced: false, why: None, trace: None })
        );
    }
}

/// Nothing is made up.
pub async fn an_unknown_client_is_none(store: &impl ClientStore) {
    let socket = name::socket("unknown-client=");
    assert_eq!(store.client(&socket).await.expect("an answer"), None);
    assert!(!store.mark_announced(&socket).await.expect("an answer"));
    assert_eq!(store.take_client(&socket).await.expect("an answer"), None);
}

/// A mark makes no client of one that was taken.
pub async fn a_client_is_announced_while_it_is_kept(store: &impl ClientStore) {
    let (socket, client) = (name::socket("announced="), client("announced"));
    put(store, &socket, &client).await;
    assert!(store.mark_announced(&socket).await.expect("an answer"));
    let known = ClientRecord { client, is_announced: true, why: None, trace: None };
    assert_eq!(store.client(&socket).await.expect("an answer"), Some(known.clone()));
    assert_eq!(store.take_client(&socket).await.expect("an answer"), Some(known));
    assert!(!store.mark_announced(&socket).await.expect("an answer"));
    assert_eq!(store.client(&socket).await.expect("an answer"), None);
}

/// So an end is told once.
pub async fn of_concurrent_takers_one_gets_the_client(store: &impl ClientStore) {
    let socket = name::socket("taken=");
    put(store, &socket, &client("taken")).await;
    let (one, other) = tokio::join!(store.take_client(&socket), store.take_client(&socket));
    let takers = [one, other].map(|taken| taken.expect("an answer").is_some());
    assert_eq!(takers.iter().filter(|took| **took).count(), 1);
}

/// An answer and the end of the wait for it, at the same time.
pub async fn an_invocation_is_completed_by_one(store: &impl PendingStore) {
    let socket = name::socket("settled=");
    assert!(wait(store, &socket, "7", 0).await);
    let (one, other) =
        tokio::join!(settle(store, &socket, "7", "a"), settle(store, &socket, "7", "b"));
    assert_ne!(one, other);
}

/// As after a crash between settling and answering.
pub async fn who_settled_may_settle_again(store: &impl PendingStore) {
    let socket = name::socket("again=");
    wait(store, &socket, "7", 0).await;
    assert!(settle(store, &socket, "7", "a").await);
    assert!(settle(store, &socket, "7", "a").await);
    assert!(!settle(store, &socket, "7", "b").await);
}

/// Of another socket, or not asked for.
pub async fn nobody_settles_what_does_not_wait(store: &impl PendingStore) {
    let [socket, other] = ["waits=", "waits-not="].map(name::socket);
    wait(store, &socket, "7", 0).await;
    assert!(!settle(store, &other, "7", "a").await);
    assert!(!settle(store, &socket, "8", "a").await);
    assert!(wait(store, &socket, "8", 0).await);
}

/// Some clients count from zero again.
pub async fn an_id_is_free_again_once_settled_or_expired(store: &impl PendingStore) {
    let socket = name::socket("free=");
    assert!(wait(store, &socket, "7", 0).await);
    assert!(!wait(store, &socket, "7", 9).await);
    assert!(wait(store, &socket, "7", 10).await);
    settle(store, &socket, "7", "a").await;
    assert!(wait(store, &socket, "7", 11).await);
    assert!(settle(store, &socket, "7", "b").await);
}

/// Clients choose them.
pub async fn any_invocation_id_will_do(store: &impl PendingStore) {
    let socket = name::socket("odd-ids=");
    for id in [" ", "a#b", "PENDING", &longest_name('x'), &longest_name('y')] {
        assert!(wait(store, &socket, id, 0).await, "{id}");
        assert!(settle(store, &socket, id, "a").await, "{id}");
    }
}

/// What still waits, or was never noted, is not.
pub async fn what_somebody_completed_is_settled(store: &impl PendingStore) {
    let socket = name::socket("done=");
    let is_settled = async |id: &str| store.is_settled(&socket, id).await.expect("an answer");
    let is_noted = async |id: &str| store.is_noted(&socket, id).await.expect("an answer");
    assert!(!is_settled("1").await && !is_noted("1").await);
    assert!(wait(store, &socket, "1", 0).await);
    assert!(!is_settled("1").await && is_noted("1").await);
    assert!(settle(store, &socket, "1", "somebody").await);
    assert!(is_settled("1").await && !is_settled("2").await);
    assert!(is_noted("1").await && !is_noted("2").await);
    assert!(wait(store, &socket, "1", 1).await);
    assert!(!is_settled("1").await);
}

/// With its whole id, also where a key is too short for the id.
pub async fn what_waits_is_found_by_its_socket(store: &impl PendingStore) {
    let [socket, other] = ["has-calls=", "has-one="].map(name::socket);
    let waiting = async |socket: &SocketId, now| {
        let mut ids = store.waiting(socket, at(now)).await.expect("an answer");
        ids.sort();
        ids
    };
    assert!(waiting(&socket, 0).await.is_empty());
    let (one, two) = (longest_name('x'), format!("{}2", longest_name('x')));
    for id in [&one, &two, "1", "2", "a#b"] {
        assert!(wait(store, &socket, id, 0).await, "{id}");
    }
    assert!(wait(store, &other, "3", 0).await);
    assert_eq!(waiting(&socket, 0).await, ["1", "2", "a#b", &one, &two]);
    assert!(settle(store, &socket, "2", "somebody").await);
    assert!(wait(store, &socket, "4", 5).await);
    assert_eq!(waiting(&socket, 9).await, ["1", "4", "a#b", &one, &two]);
    assert_eq!(waiting(&socket, 10).await, ["4"]);
    assert_eq!(waiting(&other, 0).await, ["3"]);
}

/// And nobody is made up for a reason.
pub async fn the_first_reason_for_an_end_counts(store: &impl ClientStore) {
    let (socket, nobody) = (name::socket("reasons="), name::socket("nobody-ends="));
    put(store, &socket, &client("c-reasons")).await;
    let trace = |digit: &str| {
        Traceparent::parse(&format!("00-{}-{}-01", digit.repeat(32), digit.repeat(16)))
    };
    for (why, trace) in [("first", trace("a")), ("second", trace("b")), ("third", None)] {
        store.note_end(&socket, why, trace.as_ref()).await.expect("an answer");
        store.note_end(&nobody, why, trace.as_ref()).await.expect("an answer");
    }
    let taken = store.take_client(&socket).await.expect("an answer").expect("a client");
    assert_eq!((taken.why.as_deref(), taken.trace), (Some("first"), trace("a")));
    assert_eq!(store.client(&nobody).await.expect("an answer"), None);
}
