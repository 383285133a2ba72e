//! Beginnings of connections that an endpoint refuses or does not take, and what follows them.

use hubcast_testkit::{Fault, queued::again};
use serde_json::{Value, json};

use crate::rig::{Does, Rig, at_last, event, late, messages, presence, rig};

const UNREACHABLE: &str = "Invocation failed, the server cannot be reached";

/// The beginning of a connection that was put off.
fn late_beginning() -> String {
    late("c", "connected").replace(r#""category":"messages""#, r#""category":"connections""#)
}

/// All that a client may do after its beginning.
fn all() -> [(&'static str, String); 4] {
    [
        ("c", event("c", "Add", Some("7"))),
        ("c", event("c", "Tell", None)),
        ("c", event("c", "Count", Some("8")).replacen('{', r#"{"stream":true,"#, 1)),
        ("c", presence("c", "disconnected")),
    ]
}

/// Hands over the last try of a beginning that was put off.
async fn last_try_of_beginning(rig: &Rig) -> Vec<String> {
    let [message] = messages(&[("c", late_beginning())]).try_into().unwrap();
    rig.kept_of(hubcast_testkit::event::sqs(&[at_last(&message)])).await
}

fn closed() -> Value {
    json!({
        "hub": "n", "connectionId": "c", "action": "close",
        "reason": "Connection closed with an error.",
    })
}

#[tokio::test]
async fn a_connection_that_is_refused_is_closed_and_its_events_are_dropped() {
    for status in [401, 403] {
        let rig = rig([Does::Answer(status)]);
        let mut bodies = vec![("c", presence("c", "connected"))];
        bodies.extend(all());
        assert!(rig.kept(&bodies).await.is_empty());
        // Another instance of the function, which remembers nothing.
        for body in all() {
            assert!(rig.forgetful().kept(&[body]).await.is_empty());
        }
        assert_eq!(rig.urls(), ["https://h/connected"]);
        assert_eq!(rig.answers(), [closed()]);
        let seen = rig.outside.0.lock().unwrap();
        let (_, group, id) = &seen.answers[0];
        assert_eq!((group.as_str(), id.as_str()), ("n:connection:c", "c/connected/refused"));
        assert!(seen.put_off.is_empty());
    }
}

#[tokio::test]
async fn a_refusal_for_another_reason_closes_nothing() {
    for status in [400, 404, 410] {
        let rig = rig([Does::Answer(status)]);
        let bodies = [("c", presence("c", "connected")), ("c", event("c", "Add", Some("7")))];
        assert!(rig.kept(&bodies).await.is_empty());
        assert_eq!(rig.urls(), ["https://h/connected", "https://h/Add"]);
    }
}

#[tokio::test]
async fn only_a_beginning_refuses_a_connection() {
    let rig = rig([Does::Answer(200), Does::Answer(403), Does::Answer(401)]);
    let bodies = [
        ("c", presence("c", "connected")),
        ("c", event("c", "Tell", None)),
        ("c", event("c", "Add", Some("7"))),
        ("c", event("c", "Tell", None)),
    ];
    assert!(rig.kept(&bodies).await.is_empty());
    assert_eq!(rig.urls().len(), 4);
    assert_eq!(rig.answers()[0]["error"], "Invocation failed, status code 401");
}

#[tokio::test]
async fn a_call_is_answered_at_once_while_its_beginning_is_owed() {
    for does in [500, 503, 302, 429].map(Does::Answer).into_iter().chain([Does::Fail]) {
        let rig = rig([does]);
        let bodies = [
            ("c", presence("c", "connected")),
            ("c", event("c", "Add", Some("7"))),
            ("c", event("c", "Tell", None)),
        ];
        assert!(rig.kept(&bodies).await.is_empty());
        let later = [("c", event("c", "Mul", Some("8"))), ("c", event("c", "Say", None))];
        assert!(rig.forgetful().kept(&later).await.is_empty());
        assert_eq!(rig.urls(), ["https://h/connected"]);
        let errors: Vec<_> = rig.answers().iter().map(|one| one["error"].clone()).collect();
        assert_eq!(errors, [UNREACHABLE, UNREACHABLE]);
        let seen = rig.outside.0.lock().unwrap();
        let ids: Vec<_> = seen.put_off.iter().map(|message| message.id.as_str()).collect();
        assert_eq!(ids, ["c/connected/later", "c/Tell/later", "c/Say/later"]);
    }
}

#[tokio::test]
async fn calls_are_made_once_the_beginning_is_taken() {
    for status in [200, 404] {
        let rig = rig([Does::Fail, Does::Answer(status)]);
        assert!(rig.kept(&[("c", presence("c", "connected"))]).await.is_empty());
        assert!(rig.kept(&[("n:later:c", late_beginning())]).await.is_empty());
        assert!(rig.forgetful().kept(&[("c", event("c", "Add", Some("7")))]).await.is_empty());
        assert_eq!(
            rig.urls(),
            ["connected", "connected", "Add"].map(|name| format!("https://h/{name}"))
        );
    }
}

#[tokio::test]
async fn a_beginning_that_is_refused_later_closes_the_connection_too() {
    let rig = rig([Does::Fail, Does::Answer(403)]);
    assert!(rig.kept(&[("c", presence("c", "connected"))]).await.is_empty());
    let bodies = [("n:later:c", late_beginning()), ("n:later:c", late("c", "Tell"))];
    assert!(rig.kept(&bodies).await.is_empty());
    assert!(rig.kept(&all()).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/connected", "https://h/connected"]);
    assert_eq!(rig.answers(), [closed()]);
}

#[tokio::test]
async fn a_beginning_that_is_given_up_closes_the_connection() {
    let rig = rig([Does::Answer(500)]);
    assert!(last_try_of_beginning(&rig).await.is_empty());
    assert_eq!(rig.dead(), [(late_beginning(), "TooOld".to_owned())]);
    assert_eq!(rig.answers(), [closed()]);
    assert!(rig.kept(&all()).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/connected"]);
}

#[tokio::test]
async fn a_close_that_did_not_get_on_its_way_is_sent_by_the_next_try() {
    let rig = rig([Does::Answer(403)]);
    rig.outside.0.lock().unwrap().is_queue_down = true;
    let beginning = messages(&[("c", presence("c", "connected"))]);
    assert_eq!(rig.kept_of(hubcast_testkit::event::sqs(&beginning)).await, ["0"]);
    rig.outside.0.lock().unwrap().is_queue_down = false;
    let beginning = [again(&beginning[0])];
    assert!(rig.kept_of(hubcast_testkit::event::sqs(&beginning)).await.is_empty());
    assert_eq!((rig.urls().len(), rig.answers()), (1, vec![closed()]));
}

#[tokio::test]
async fn nothing_is_told_while_the_table_does_not_say_how_a_connection_stands() {
    let rig = rig([]);
    rig.store.fault("uptake", Fault::Unavailable);
    assert_eq!(rig.kept(&[("c", event("c", "Tell", None))]).await, ["0"]);
    assert!(rig.urls().is_empty());
}

#[tokio::test]
async fn a_connection_that_is_taken_costs_no_reads() {
    let rig = rig([]);
    let bodies = [("c", presence("c", "connected")), ("c", event("c", "Tell", None))];
    assert!(rig.kept(&bodies).await.is_empty());
    assert_eq!(rig.store.journal().entries().len(), 0);
}

#[tokio::test]
async fn an_event_says_when_it_happened_and_how_often_it_was_tried() {
    let rig = rig([Does::Fail]);
    let [message] = messages(&[("c", event("c", "Tell", None))]).try_into().unwrap();
    assert!(rig.kept_of(hubcast_testkit::event::sqs(&[again(&message)])).await.is_empty());
    let put_off = rig.outside.0.lock().unwrap().put_off[0].body.clone();
    assert!(rig.kept(&[("n:later:c", put_off)]).await.is_empty());
    assert_eq!(rig.headers("X-Hubcast-Attempt"), ["2", "3"]);
    let start = hubcast_testkit::clock::START.to_rfc3339();
    assert_eq!(rig.headers("X-Hubcast-Event-Time"), [start.clone(), start]);
}
