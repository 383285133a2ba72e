//! Events that nobody waits for.

use std::time::Duration;

use hubcast_model::ports::{QueuedMessage, UpstreamMessage};
use hubcast_testkit::queued::again;
use serde_json::{Value, json};
use upstream::WrongAddress;

use crate::rig::{Does, at_last, event, late, messages, presence, rig};

#[tokio::test]
async fn an_event_that_is_not_taken_holds_nothing_and_is_put_off() {
    let refusals = [500, 503, 302, 408, 425, 429].map(Does::Answer);
    for does in refusals.into_iter().chain([Does::Fail, Does::Refuse]) {
        let rig = rig([does]);
        let bodies = [("c", event("c", "a", None)), ("c", event("c", "Add", Some("7")))];
        assert!(rig.kept(&bodies).await.is_empty(), "{does:?}");
        assert_eq!(rig.urls(), ["https://h/a", "https://h/Add"]);
        let seen = rig.outside.0.lock().unwrap();
        assert_eq!((seen.answers.len(), seen.retries.len()), (1, 0));
        let [UpstreamMessage { body, group, id }] = seen.put_off.as_slice() else {
            panic!("{seen:?}")
        };
        assert_eq!((group.as_str(), id.as_str()), ("n:later:c", "c/a/later"));
        let event: Value = serde_json::from_str(body).unwrap();
        let told = [&event["putOff"], &event["tries"], &event["eventId"]];
        assert_eq!(told, [&json!(true), &json!(1), &json!("c/a")]);
    }
}

#[tokio::test]
async fn what_comes_behind_an_event_that_was_put_off_is_put_off_with_it() {
    let rig = rig([Does::Fail]);
    let bodies =
        [("c", event("c", "a", None)), ("c", event("c", "b", None)), ("d", event("d", "x", None))];
    assert!(rig.kept(&bodies).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/a", "https://h/x"]);
    let ids = rig.outside.0.lock().unwrap().put_off.clone().into_iter().map(|message| message.id);
    assert_eq!(ids.collect::<Vec<_>>(), ["c/a/later", "c/b/later"]);
}

/// Whether one was put off cannot be seen here.
#[tokio::test]
async fn an_end_is_told_behind_what_was_put_off() {
    let rig = rig([]);
    assert!(rig.kept(&[("c", presence("c", "disconnected"))]).await.is_empty());
    assert!(rig.urls().is_empty());
    let put_off = rig.outside.0.lock().unwrap().put_off.clone();
    assert_eq!(put_off[0].group, "n:later:c");
    assert!(rig.kept(&[("n:later:c", put_off[0].body.clone())]).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/disconnected"]);
}

#[tokio::test]
async fn an_event_that_can_not_be_put_off_stays() {
    let rig = rig([Does::Fail]);
    rig.outside.0.lock().unwrap().is_queue_down = true;
    assert_eq!(rig.kept(&[("c", presence("c", "connected"))]).await, ["0"]);
}

#[tokio::test]
async fn an_event_that_was_put_off_holds_the_others_of_its_connection_that_were() {
    for does in [Does::Answer(500), Does::Answer(302), Does::Fail] {
        let rig = rig([does]);
        let bodies = [("c", late("c", "a")), ("c", late("c", "b")), ("d", late("d", "x"))];
        assert_eq!(rig.kept(&bodies).await, ["0", "1"], "{does:?}");
        assert_eq!(rig.urls(), ["https://h/a", "https://h/x"]);
        let seen = rig.outside.0.lock().unwrap();
        let retries = [0, 1].map(|at| (format!("receipt-{at}"), Duration::from_secs(1)));
        assert_eq!((&*seen.retries, seen.put_off.len()), (&retries[..], 0));
    }
}

#[tokio::test]
async fn an_event_that_is_taken_is_done() {
    for status in [200, 202, 204] {
        let rig = rig([Does::Answer(status)]);
        assert!(rig.kept(&[("c", event("c", "a", None))]).await.is_empty());
        assert!(rig.answers().is_empty());
    }
}

#[tokio::test]
async fn an_event_that_nobody_ever_takes_costs_later_ones_nothing_but_time() {
    let rig = rig([500, 500, 500].map(Does::Answer));
    let mut messages = messages(&["bad", "b", "c"].map(|name| ("c", late("c", name))));
    for _ in 0..2 {
        let kept = rig.kept_of(hubcast_testkit::event::sqs(&messages)).await;
        assert_eq!(kept, ["0", "1", "2"]);
        messages = messages.iter().map(again).collect();
    }
    let messages: Vec<_> = messages.iter().map(at_last).collect();
    assert!(rig.kept_of(hubcast_testkit::event::sqs(&messages)).await.is_empty());
    assert_eq!(rig.urls(), ["bad", "bad", "bad", "b", "c"].map(|name| format!("https://h/{name}")));
    assert_eq!(rig.dead(), [(late("c", "bad"), "TooOld".to_owned())]);
    let seen = rig.outside.0.lock().unwrap();
    let letter = &seen.dead[0];
    assert_eq!((letter.group.as_str(), letter.id.as_str()), ("c", "0"));
    assert_eq!(letter.attributes.detail.as_deref(), Some("the endpoint answered 500"));
}

#[tokio::test]
async fn how_often_the_queue_hands_an_event_over_gives_nothing_up() {
    let rig = rig([Does::Answer(500)]);
    let [message] = messages(&[("c", late("c", "a"))]).try_into().unwrap();
    let often = QueuedMessage { receive_count: 999, ..message };
    assert_eq!(rig.kept_of(hubcast_testkit::event::sqs(&[often])).await, ["0"]);
    assert!(rig.dead().is_empty());
    let retries = rig.outside.0.lock().unwrap().retries.clone();
    assert_eq!(retries, [("receipt-0".to_owned(), Duration::from_mins(1))]);
}

#[tokio::test]
async fn an_old_event_that_its_endpoint_takes_is_no_dead_event() {
    let rig = rig([Does::Answer(200)]);
    let [message] = messages(&[("c", late("c", "a"))]).try_into().unwrap();
    assert!(rig.kept_of(hubcast_testkit::event::sqs(&[at_last(&message)])).await.is_empty());
    assert!(rig.dead().is_empty());
}

#[tokio::test]
async fn an_event_that_cannot_be_given_up_holds_its_group() {
    let rig = rig([500, 500].map(Does::Answer));
    rig.outside.0.lock().unwrap().is_queue_down = true;
    let messages = messages(&["a", "b"].map(|name| ("c", late("c", name))));
    let messages: Vec<_> = messages.iter().map(at_last).collect();
    assert_eq!(rig.kept_of(hubcast_testkit::event::sqs(&messages)).await, ["0", "1"]);
    assert_eq!(rig.urls(), ["https://h/a"]);
}

#[tokio::test]
async fn what_is_no_event_is_given_up_at_once_and_holds_nothing() {
    let rig = rig([Does::Answer(200)]);
    let bodies = [("c", "nonsense".to_owned()), ("c", event("c", "a", None))];
    assert!(rig.kept(&bodies).await.is_empty());
    assert_eq!(rig.dead(), [("nonsense".to_owned(), "NotAnEvent".to_owned())]);
    assert_eq!(rig.urls(), ["https://h/a"]);
}

#[tokio::test(start_paused = true)]
async fn at_the_last_try_nobody_hangs_for_the_time_of_those_behind() {
    let rig = rig([Does::Hang, Does::Hang, Does::Hang, Does::Answer(200)]);
    let messages = messages(&["a", "b", "c", "d"].map(|name| ("c", late("c", name))));
    let messages: Vec<_> = messages.iter().map(at_last).collect();
    assert!(rig.kept_of(hubcast_testkit::event::sqs(&messages)).await.is_empty());
    assert_eq!(rig.dead().len(), 3);
    assert_eq!(rig.urls(), ["a", "b", "c", "d"].map(|name| format!("https://h/{name}")));
}

#[tokio::test]
async fn an_event_that_is_given_up_lets_the_next_one_hold_the_rest() {
    let rig = rig([500, 500].map(Does::Answer));
    let messages = messages(&["bad", "b", "c"].map(|name| ("c", late("c", name))));
    let [bad, b, c] = messages.as_slice() else { panic!("{messages:?}") };
    let messages = [at_last(bad), b.clone(), c.clone()];
    let kept = rig.kept_of(hubcast_testkit::event::sqs(&messages)).await;
    assert_eq!(kept, ["1", "2"]);
    assert_eq!(rig.urls(), ["https://h/bad", "https://h/b"]);
}

/// `SignalRTrigger` answers 404 for an event that has no function, and 401 for a key that is wrong.
#[tokio::test]
async fn an_event_that_an_endpoint_refuses_for_good_is_done() {
    for status in [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 451] {
        let rig = rig([Does::Answer(status), Does::Answer(status)]);
        let bodies = [("c", event("c", "a", None)), ("c", event("c", "b", Some("7")))];
        assert!(rig.kept(&bodies).await.is_empty(), "{status}");
        assert_eq!(rig.urls(), ["https://h/a", "https://h/b"]);
        assert!(rig.outside.0.lock().unwrap().put_off.is_empty());
        let error = format!("Invocation failed, status code {status}");
        assert_eq!(rig.answers()[0]["error"], error);
    }
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_for_stays() {
    let rig = rig([Does::Hang, Does::Hang]);
    let bodies = [
        ("c", event("c", "a", Some("1"))),
        ("c", event("c", "b", Some("2"))),
        ("c", event("c", "d", None)),
    ];
    assert_eq!(rig.kept(&bodies).await, ["2"]);
    assert_eq!(rig.urls().len(), 2);
}

#[tokio::test]
async fn what_is_no_event_in_any_way_is_a_dead_event() {
    let rig = rig([]);
    let bodies = ["nonsense", "{}", "[1]"];
    for body in bodies {
        assert!(rig.kept(&[("c", body.to_owned())]).await.is_empty(), "{body}");
    }
    assert_eq!(rig.dead(), bodies.map(|body| (body.to_owned(), "NotAnEvent".to_owned())));
}

#[tokio::test]
async fn an_endpoint_that_is_elsewhere_is_noted_with_its_place() {
    let rig = rig([Does::Answer(404), Does::Redirect("https://app.example/hook")]);
    assert_eq!(rig.courier.wrong_addresses.last(), None);
    for expected in [
        WrongAddress { status: 404, location: None, times: 1 },
        WrongAddress { status: 307, location: Some("https://app.example/hook".into()), times: 2 },
    ] {
        assert!(rig.kept(&[("c", event("c", "a", None))]).await.is_empty());
        assert_eq!(rig.courier.wrong_addresses.last(), Some(expected));
    }
    assert!(rig.kept(&[("c", event("c", "a", None))]).await.is_empty());
    assert_eq!(rig.courier.wrong_addresses.last().unwrap().times, 2);
}
