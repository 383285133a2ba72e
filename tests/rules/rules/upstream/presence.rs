//! Beginnings and ends.

use hubcast_model::journey::connection::Ending;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{anonymous, principal};
use hubcast_testkit::{Answer, Fault};
use serde_json::json;

use super::Told;
use crate::stage::{HUB, SHAKE, claiming, close, invoke, records};

#[tokio::test]
async fn a_connection_is_told_once_it_hears_everything_and_when_it_ends() {
    let told = Told::default();
    let mut who = claiming(principal(HUB, "alice"), "c");
    who.user_claims = [("role".to_owned(), vec!["admin".to_owned()])].into();
    let alice = told.connected("s1=", who).await;
    assert!(told.heard().is_empty());
    assert_eq!(told.answer(&alice, SHAKE).await, "");
    told.leave(&alice).await;

    let [connected, disconnected] = told.backends.events().try_into().unwrap();
    assert_eq!(
        connected,
        json!({
            "eventId": "s1=/connected", "category": "connections", "event": "connected",
            "hub": HUB, "connectionId": "c", "userId": "alice",
            "claims": { "role": ["admin"] }, "query": { "tier": ["gold"] },
            "timestamp": START.to_rfc3339(),
        })
    );
    assert_eq!(
        (&disconnected["event"], &disconnected["connectionId"]),
        (&json!("disconnected"), &json!("c"))
    );
    assert_eq!(disconnected["claims"], connected["claims"]);
    let groups: Vec<String> =
        told.backends.told().into_iter().map(|told| told.group.to_string()).collect();
    assert_eq!(groups, ["n:connection:c", "n:connection:c"]);
}

#[tokio::test]
async fn a_connection_of_nobody_has_no_user() {
    let told = Told::default();
    told.ready("s1=", anonymous(HUB)).await;
    let [connected] = told.backends.events().try_into().unwrap();
    assert!(connected.get("userId").is_none());
    assert_eq!(connected["connectionId"], "s1=");
}

#[tokio::test]
async fn an_end_is_told_once_whoever_finds_it() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    told.stage.gateway.always(&alice.socket, Answer::Gone);
    told.stage.send(r#"{"userId":"alice","target":"t"}"#).await;
    assert_eq!(told.heard(), ["connected", "disconnected"]);
    told.leave(&alice).await;
    assert_eq!(told.heard(), ["connected", "disconnected"]);
}

#[tokio::test(start_paused = true)]
async fn a_log_out_is_an_end() {
    let told = Told::default();
    told.ready("s1=", principal(HUB, "alice")).await;
    told.stage.send(r#"{"action":"close","userId":"alice"}"#).await;
    assert_eq!(told.heard(), ["connected", "disconnected"]);
}

#[tokio::test]
async fn a_socket_that_never_got_ready_is_not_told() {
    let told = Told::default();
    let alice = told.connected("s1=", principal(HUB, "alice")).await;
    told.leave(&alice).await;
    let bob = told.connected("s2=", principal(HUB, "bob")).await;
    told.stage.gateway.always(&bob.socket, Answer::Gone);
    told.answer(&bob, SHAKE).await;
    told.leave(&bob).await;
    assert!(told.heard().is_empty());
}

#[tokio::test]
async fn backends_that_cannot_be_told_fail_no_socket() {
    let told = Told::default();
    told.backends.fault("tell", Fault::Unavailable);
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    told.stage.send(r#"{"userId":"alice","target":"t"}"#).await;
    assert_eq!(told.stage.called(&alice), ["t"]);
    told.backends.heal();
    told.leave(&alice).await;
    assert_eq!(told.heard(), ["disconnected"]);
}

#[tokio::test]
async fn an_end_is_told_although_rows_remain() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    told.stage.store.fault_next("delete_rows", [Some(Fault::Unavailable)]);
    let (store, queue) = (&told.stage.store, Some(&told.backends));
    let outcome =
        hubcast_membership::presence::disconnect(store, queue, &alice.socket, &Ending::Gone, START)
            .await;
    assert!(outcome.is_err());
    assert_eq!(told.heard(), ["connected", "disconnected"]);
}

/// The announcer died, which nobody can know; but it has had its time.
#[tokio::test]
async fn an_end_is_told_although_its_beginning_never_was() {
    for (minutes, heard) in [(0, vec![]), (2, vec!["disconnected"])] {
        let told = Told::default();
        told.stage.store.fault("client", Fault::Unavailable);
        let alice = told.ready("s1=", principal(HUB, "alice")).await;
        told.stage.store.heal();
        told.stage.clock.advance(std::time::Duration::from_secs(60 * minutes));
        told.leave(&alice).await;
        assert_eq!(told.heard(), heard);
    }
}

/// A socket from before backends were to be told.
#[tokio::test]
async fn a_client_that_is_not_kept_is_not_told_of() {
    let told = Told::default();
    let alice = told.stage.user("s1=", "alice").await;
    told.leave(&alice).await;
    assert!(told.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_handshake_is_told_to_the_client_only() {
    let told = Told::default();
    let alice = told.connected("s1=", principal(HUB, "alice")).await;
    told.answer(&alice, "{\"protocol\":\"messagepack\",\"version\":1}\u{1e}").await;
    let [refusal] = told.stage.gateway.frames(&alice.socket).try_into().unwrap();
    assert!(records(&refusal)[0]["error"].is_string());
    told.stage.clock.advance(std::time::Duration::from_mins(10));
    told.leave(&alice).await;
    assert!(told.heard().is_empty());
}

#[tokio::test]
async fn a_socket_that_was_told_to_go_is_told_of_when_it_has_gone() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    let [reply] = records(&told.answer(&alice, "nonsense\u{1e}").await).try_into().unwrap();
    assert!(!close(&reply));
    assert_eq!(told.heard(), ["connected"]);
    told.leave(&alice).await;
    assert_eq!(told.heard(), ["connected", "disconnected"]);
}

/// Not of calls that were answered, that want no answer, or whose time is over.
#[tokio::test]
async fn whoever_goes_waits_for_nothing_any_more_and_backends_hear_so_before_the_end() {
    let told = Told::default();
    let alice = told.ready("s1=", claiming(principal(HUB, "alice"), "c")).await;
    told.answer(&alice, &invoke("old", "Add", &json!([]))).await;
    told.stage.clock.advance(std::time::Duration::from_mins(65));
    let stream = r#"{"type":4,"invocationId":"9","target":"Count","arguments":[]}"#;
    for call in [
        invoke("7", "Add", &json!([])),
        invoke("8", "Add", &json!([])),
        invoke("", "Add", &json!([])),
        format!("{stream}\u{1e}"),
    ] {
        told.answer(&alice, &call).await;
    }
    told.stage.send(r#"{"connectionId":"c","invocationId":"8","result":1}"#).await;
    told.leave(&alice).await;
    told.leave(&alice).await;

    let events = told.backends.events();
    let [.., seven, nine, end] = &events[..] else { panic!("{events:?}") };
    for (event, id) in [(seven, "7"), (nine, "9")] {
        assert_eq!((&event["event"], &event["invocationId"]), (&json!("cancelled"), &json!(id)));
        assert_eq!((&event["connectionId"], &event["userId"]), (&json!("c"), &json!("alice")));
    }
    assert_eq!(end["event"], "disconnected");
    assert_eq!(told.heard().iter().filter(|name| *name == "cancelled").count(), 2);
    let late = told.stage.send(r#"{"connectionId":"c","invocationId":"7","result":1}"#).await;
    assert_eq!(late.tally.undeliverable, 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_ends_by_a_close_or_a_lost_socket_waits_for_nothing_either() {
    for answer in [Answer::Gone, Answer::Accepted] {
        let told = Told::default();
        let alice = told.ready("s1=", principal(HUB, "alice")).await;
        told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
        told.stage.gateway.always(&alice.socket, answer);
        let body = match answer {
            Answer::Gone => r#"{"userId":"alice","target":"t"}"#,
            _ => r#"{"action":"close","userId":"alice"}"#,
        };
        told.stage.send(body).await;
        assert_eq!(told.heard(), ["connected", "Add", "cancelled", "disconnected"]);
    }
}

#[tokio::test]
async fn an_end_is_told_although_its_calls_cannot_be_settled() {
    for operation in ["waiting", "complete_pending"] {
        let told = Told::default();
        let alice = told.ready("s1=", principal(HUB, "alice")).await;
        told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
        told.stage.store.fault(operation, Fault::Unavailable);
        told.leave(&alice).await;
        assert_eq!(told.heard(), ["connected", "Add", "disconnected"], "{operation}");
    }
}
