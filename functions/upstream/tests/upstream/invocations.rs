//! Calls whose clients wait for an answer.

use std::time::Duration;

use crate::rig::{ATTEMPT, Does, TIMEOUT, event, rig};

#[tokio::test]
async fn an_invocation_is_tried_once_and_answered_in_the_order_of_its_connection() {
    for (does, error) in [
        (Does::Answer(200), None),
        (Does::Answer(503), Some("Invocation failed, status code 503")),
        (Does::Fail, Some("Invocation failed")),
        (Does::Refuse, Some("Invocation failed, the server cannot be reached")),
    ] {
        let rig = rig([does]);
        assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
        let seen = rig.outside.0.lock().unwrap();
        let [(envelope, group, id)] = seen.answers.as_slice() else { panic!("{seen:?}") };
        let error = error.map(|error| format!(r#","error":"{error}""#)).unwrap_or_default();
        let expected = format!(r#"{{"hub":"n","connectionId":"c","invocationId":"7"{error}}}"#);
        assert_eq!(*envelope, expected);
        assert_eq!((group.as_str(), id.as_str()), ("n:connection:c", "c/a/answer"));
    }
}

#[tokio::test]
async fn answers_are_the_same_bytes_as_ever() {
    for (says, end) in [
        ("", ""),
        (r#"{"type":3,"invocationId":"7"}"#, ""),
        (
            "{\"type\":3,\"invocationId\":\"x\",\"result\":[ 1.0, \"\u{fffe}ä\" ]}\u{1e}",
            r#","result":[ 1.0, "\ufffeä" ]"#,
        ),
        (r#"{"type":3,"invocationId":"7","result":null}"#, r#","result":null"#),
        (r#"{"type":3,"invocationId":"7","error":"n\"o"}"#, r#","error":"n\"o""#),
        (r#"{"type":3,"invocationId":"7","error":""}"#, r#","error":"Invocation failed""#),
        ("hello", r#","error":"Invocation failed, the answer is not a completion""#),
    ] {
        let rig = rig([Does::Say(says)]);
        assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
        let seen = rig.outside.0.lock().unwrap();
        let expected = format!(r#"{{"hub":"n","connectionId":"c","invocationId":"7"{end}}}"#);
        assert_eq!(seen.answers[0].0, expected, "{says}");
    }
}

#[tokio::test]
async fn a_stream_that_an_endpoint_takes_is_not_ended() {
    let rig = rig([Does::Answer(200), Does::Answer(500)]);
    let stream = |id| event("c", id, Some(id)).replacen('{', r#"{"stream":true,"#, 1);
    assert!(rig.kept(&[("c", stream("7")), ("c", stream("8"))]).await.is_empty());
    let [failed] = rig.answers().try_into().unwrap();
    assert_eq!(failed["invocationId"], "8");
}

#[tokio::test]
async fn an_invocation_whose_client_waits_no_more_is_not_made() {
    let rig = rig([]);
    rig.clock.advance(TIMEOUT);
    assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
    assert!(rig.urls().is_empty() && rig.answers().is_empty());
    assert!(rig.kept(&[("c", event("c", "b", None))]).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/b"]);
}

/// After a crash the queue hands it over again, and its endpoint may have run it.
#[tokio::test]
async fn an_invocation_is_not_made_when_it_may_have_been_made_before() {
    let mut rig = rig([]);
    rig.courier.limits.wait = Duration::from_mins(15);
    rig.clock.advance(Duration::from_secs(169));
    assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/a"]);
    rig.clock.advance(Duration::from_secs(1));
    assert!(rig.kept(&[("c", event("c", "b", Some("8")))]).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/a"]);
    assert_eq!(rig.answers()[1]["error"], "Invocation failed, its turn came too late");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_hangs_costs_one_attempt_and_no_more_than_the_client_waits() {
    for (waited, took) in [(0, ATTEMPT), (27, Duration::from_secs(3))] {
        let rig = rig([Does::Hang]);
        rig.clock.advance(Duration::from_secs(waited));
        let started = tokio::time::Instant::now();
        assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
        assert_eq!(started.elapsed(), took);
        assert_eq!(rig.answers()[0]["error"], "Invoking 'a' was not answered in time.");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_sent_makes_no_second_call() {
    let rig = rig([]);
    rig.outside.0.lock().unwrap().is_queue_down = true;
    assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
    assert_eq!(rig.urls().len(), 1);
}

#[tokio::test]
async fn what_no_template_names_is_done_and_its_callers_are_told() {
    let rig = rig([]);
    let elsewhere = |id| event("c", "a", id).replace("\"hub\":\"n\"", "\"hub\":\"m\"");
    let bodies = [("c", elsewhere(None)), ("c", elsewhere(Some("7")))];
    assert!(rig.kept(&bodies).await.is_empty());
    assert!(rig.urls().is_empty());
    assert_eq!(rig.answers()[0]["error"], "Unknown hub method 'a'");
}
