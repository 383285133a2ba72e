//! Invocations that backends answer, or do not.

use std::time::Duration;

use hubcast_delivery::Publish;
use hubcast_model::context::Caller;
use hubcast_testkit::Fault;
use hubcast_testkit::principal::{anonymous, principal};
use hubcast_testkit::queued::{again, message};
use serde_json::{Value, json};

use super::{TIMEOUT, Told};
use crate::stage::{HUB, PATIENCE, PING, claiming, invoke, records};

async fn ready(told: &Told) -> Caller {
    told.ready("s1=", claiming(principal(HUB, "alice"), "c")).await
}

fn calls(told: &Told) -> Vec<Value> {
    told.backends.events().into_iter().filter(|event| event["category"] == "messages").collect()
}

fn error(reply: &str) -> String {
    let [reply] = records(reply).try_into().expect("one completion");
    assert_eq!((&reply["type"], &reply["invocationId"]), (&json!(3), &json!("7")));
    reply["error"].as_str().expect("an error").to_owned()
}

fn stream(target: &str, ids: &[&str]) -> String {
    let call = json!({ "type": 4, "invocationId": "7", "target": target, "arguments": [1], "streamIds": ids });
    format!("{call}\u{1e}")
}

const ANSWER: &str = r#"{"connectionId":"c","invocationId":"7","result":3}"#;

#[tokio::test]
async fn an_invocation_is_told_as_it_came_and_answered_once() {
    let told = Told::default();
    let alice = ready(&told).await;
    let frame = concat!(
        r#"{"type":1,"invocationId":"7","target":"Add","arguments":[ 1.0,{"b":[] } ],"#,
        r#""headers":{"Authorization":"Bearer secret"}}"#,
        "\u{1e}"
    );
    assert_eq!(told.answer(&alice, frame).await, PING);
    let [call] = calls(&told).try_into().unwrap();
    assert_eq!((&call["event"], &call["target"]), (&json!("Add"), &json!("Add")));
    assert_eq!((&call["invocationId"], &call["userId"]), (&json!("7"), &json!("alice")));
    assert_eq!(call["query"], json!({ "tier": ["gold"] }));
    let body = &told.backends.told()[1].body;
    assert!(
        body.contains(r#""arguments":[ 1.0,{"b":[] } ]"#) && !body.contains("secret"),
        "{body}"
    );

    told.stage.send(ANSWER).await;
    let done = json!({ "type": 3, "invocationId": "7", "result": 3 });
    assert_eq!(told.completions(&alice), [done]);
}

#[tokio::test]
async fn a_second_answer_is_dropped_and_counted() {
    let told = Told::default();
    let alice = ready(&told).await;
    told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
    told.stage.publish([message("m1", ANSWER)]).await;
    let report = told.stage.publish([message("m2", ANSWER)]).await;
    assert_eq!((report.tally.undeliverable, report.failed.len()), (1, 0));
    assert_eq!(told.completions(&alice).len(), 1);
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_dropped_and_counted() {
    let told = Told::default();
    let alice = ready(&told).await;
    let report = told.stage.send(ANSWER).await;
    assert_eq!(report.tally.undeliverable, 1);
    assert_eq!(told.completions(&alice), [] as [Value; 0]);
}

#[tokio::test]
async fn the_end_of_the_wait_is_the_answer_when_there_is_none() {
    let told = Told::default();
    let alice = ready(&told).await;
    told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
    let [(reminder, delay)] = told.backends.reminders().try_into().unwrap();
    assert_eq!(delay, TIMEOUT);
    told.stage.publish([message("timer", &reminder)]).await;
    told.stage.publish([message("late", ANSWER)]).await;
    let error = "Invoking 'Add' was not answered in time.";
    let done = json!({ "type": 3, "invocationId": "7", "error": error });
    assert_eq!(told.completions(&alice), [done]);
}

/// The message comes again: whoever settled it before the crash goes on.
#[tokio::test(start_paused = true)]
async fn an_answer_survives_a_crash_between_settling_and_posting() {
    let told = Told::default();
    let alice = ready(&told).await;
    told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
    let answer = message("m", ANSWER);
    told.stage.gateway.fault("post", Fault::Hang);
    let publisher = told.stage.publisher();
    let crash = publisher.publish(vec![answer.clone()], Duration::from_secs(29));
    let crashed = tokio::time::timeout(Duration::from_millis(10), crash).await;
    assert!(crashed.is_err());
    told.stage.gateway.heal();
    let [(reminder, _)] = told.backends.reminders().try_into().unwrap();
    told.stage.publish([message("timer", &reminder)]).await;
    assert_eq!(told.completions(&alice), [] as [Value; 0]);
    told.stage.publish([again(&answer)]).await;
    assert_eq!(told.completions(&alice).len(), 1);
}

#[tokio::test]
async fn without_an_invocation_id_nothing_waits() {
    let told = Told::default();
    let alice = ready(&told).await;
    assert_eq!(told.answer(&alice, &invoke("", "Log", &json!(["x"]))).await, PING);
    let [call] = calls(&told).try_into().unwrap();
    assert!(call.get("invocationId").is_none());
    assert!(told.backends.reminders().is_empty());
}

#[tokio::test]
async fn calls_of_one_frame_are_told_in_order() {
    let told = Told::default();
    let alice = ready(&told).await;
    let frame = ["a", "b", "c"].map(|name| invoke("", name, &json!([]))).concat();
    told.answer(&alice, &frame).await;
    assert_eq!(told.heard(), ["connected", "a", "b", "c"]);
}

#[tokio::test]
async fn what_is_built_in_is_answered_here() {
    let told = Told::default();
    let alice = told.ready("s1=", anonymous(HUB)).await;
    let reply = told.answer(&alice, &invoke("7", "GetConnectionId", &json!([]))).await;
    assert_eq!(records(&reply)[0]["result"], "s1=");
    assert_eq!(told.heard(), ["connected"]);
}

#[tokio::test]
async fn an_id_that_still_waits_is_refused() {
    let told = Told::default();
    let alice = ready(&told).await;
    let call = invoke("7", "Add", &json!([]));
    told.answer(&alice, &call).await;
    let reply = told.answer(&alice, &call).await;
    assert_eq!(error(&reply), "Invocation ID '7' is already in use.");
    assert_eq!(calls(&told).len(), 1);
}

#[tokio::test]
async fn a_call_that_does_not_get_on_its_way_is_answered_here() {
    for operation in ["put_pending", "client", "remind", "tell"] {
        let told = Told::default();
        let alice = ready(&told).await;
        told.backends.fault(operation, Fault::Unavailable);
        told.stage.store.fault(operation, Fault::Unavailable);
        let reply = told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
        let text = "An unexpected error occurred invoking 'Add' on the server.";
        assert_eq!(error(&reply), text, "{operation}");
        assert_eq!(told.answer(&alice, &invoke("", "Add", &json!([]))).await, PING, "{operation}");

        told.backends.heal();
        told.stage.store.heal();
        for (reminder, _) in told.backends.reminders() {
            told.stage.publish([message("timer", &reminder)]).await;
        }
        assert_eq!(told.completions(&alice), [] as [Value; 0], "{operation}");
    }
}

fn add_calls(count: usize) -> String {
    (0..count).map(|n| invoke(&n.to_string(), "Add", &json!([n]))).collect()
}

/// As a client sends them whose app calls and does not await.
#[tokio::test]
async fn hundreds_of_calls_in_one_frame_go_to_backends_in_some_dozens_of_requests() {
    let told = Told::default();
    let alice = ready(&told).await;
    told.stage.journal().clear();
    assert_eq!(told.answer(&alice, &add_calls(400)).await, PING);
    let journal = told.stage.journal();
    assert_eq!((journal.count("tell"), journal.count("remind")), (40, 40));
    assert_eq!((journal.count("put_pending"), journal.count("client")), (400, 1));
    let ids: Vec<Value> = calls(&told).iter().map(|call| call["arguments"][0].clone()).collect();
    assert_eq!(ids, (0..400).map(Value::from).collect::<Vec<_>>(), "in their order");
    assert_eq!(told.backends.reminders().len(), 400);
}

/// Each request may take its time; the rows do not wait for each other.
#[tokio::test(start_paused = true)]
async fn hundreds_of_calls_are_handed_up_in_time_though_all_is_slow() {
    let told = Told::default();
    let alice = ready(&told).await;
    told.stage.store.fault("put_pending", Fault::Slow(Duration::from_millis(30)));
    for operation in ["tell", "remind"] {
        told.backends.fault(operation, Fault::Slow(Duration::from_millis(100)));
    }
    assert_eq!(told.answer(&alice, &add_calls(400)).await, PING);
    assert_eq!(calls(&told).len(), 400);
}

#[tokio::test]
async fn calls_that_a_batch_leaves_out_are_answered_here_and_the_others_by_backends() {
    for operation in ["remind", "tell"] {
        let told = Told::default();
        let alice = ready(&told).await;
        told.backends.refuse(operation, &["\"invocationId\":\"3\"", "\"invocationId\":\"17\""]);
        let reply = told.answer(&alice, &add_calls(23)).await;
        let ids = records(&reply).into_iter().map(|reply| reply["invocationId"].clone());
        let failed: Vec<Value> = ids.collect();
        assert_eq!(failed, [json!("3"), json!("17")], "{operation}");
        assert_eq!(calls(&told).len(), 21, "{operation}");

        told.backends.heal();
        for (reminder, _) in told.backends.reminders() {
            told.stage.publish([message(&reminder, &reminder)]).await;
        }
        let late = told.completions(&alice);
        assert_eq!(late.len(), 21, "{operation}: the others are not answered in time");
        let is_failed = |done: &Value| failed.contains(&done["invocationId"]);
        assert!(!late.iter().any(is_failed), "{operation}: each call is answered once");
    }
}

#[tokio::test]
async fn rows_that_cannot_be_written_fail_their_calls_and_no_others() {
    let told = Told::default();
    let alice = ready(&told).await;
    let faults = (0..23).map(|n| (n == 5 || n == 12).then_some(Fault::Unavailable));
    told.stage.store.fault_next("put_pending", faults);
    let reply = told.answer(&alice, &add_calls(23)).await;
    assert_eq!((records(&reply).len(), calls(&told).len()), (2, 21));
    assert_eq!(told.backends.reminders().len(), 21);
}

#[tokio::test]
async fn an_id_that_stands_twice_in_a_frame_is_refused_the_second_time() {
    let told = Told::default();
    let alice = ready(&told).await;
    let reply = told.answer(&alice, &invoke("7", "Add", &json!([])).repeat(2)).await;
    assert_eq!(error(&reply), "Invocation ID '7' is already in use.");
    assert_eq!(calls(&told).len(), 1);
}

#[tokio::test]
async fn calls_before_a_cancellation_or_an_end_are_handed_up_before() {
    let told = Told::default();
    let alice = ready(&told).await;
    let cancel = format!("{}\u{1e}", json!({ "type": 5, "invocationId": "7" }));
    let call = |id: &str| invoke(id, "Add", &json!([]));
    let frame = [call("7"), cancel, call("8"), "nonsense\u{1e}".to_owned(), call("9")].concat();
    let replies = records(&told.answer(&alice, &frame).await);
    assert_eq!(replies.iter().map(|reply| &reply["type"]).collect::<Vec<_>>(), [7]);
    assert_eq!(told.heard(), ["connected", "Add", "cancelled", "Add"]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_hangs_fails_the_call_and_not_the_socket() {
    for operation in ["remind", "tell"] {
        let told = Told::default();
        let alice = ready(&told).await;
        told.backends.fault(operation, Fault::Hang);
        let reply = told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
        assert!(error(&reply).starts_with("An unexpected error"), "{operation}: {reply}");
        told.backends.fault("tell", Fault::Hang);
        let many = vec![invoke("", "Log", &json!([])); 50].concat();
        assert_eq!(told.answer(&alice, &many).await, PING, "{operation}");
    }
}

#[tokio::test]
async fn a_stream_is_told_and_its_items_pass_until_it_ends() {
    let told = Told::default();
    let alice = ready(&told).await;
    assert_eq!(told.answer(&alice, &stream("Count", &[])).await, PING);
    let [call] = calls(&told).try_into().unwrap();
    assert_eq!((&call["target"], &call["invocationId"]), (&json!("Count"), &json!("7")));
    assert_eq!(call["stream"], true);
    for more in [r#""item":1"#, r#""item":2"#, r#""error":"enough""#, r#""error":"again""#] {
        let body = format!(r#"{{"connectionId":"c","invocationId":"7",{more}}}"#);
        told.stage.publish([message(more, &body)]).await;
    }
    let frames = told.stage.received(&alice);
    let all = frames.iter().flat_map(|frame| records(frame));
    let stream: Vec<Value> = all.filter(|record| record["invocationId"] == "7").collect();
    let item = |item| json!({ "type": 2, "invocationId": "7", "item": item });
    let end = json!({ "type": 3, "invocationId": "7", "error": "enough" });
    assert_eq!(stream, [item(1), item(2), end]);
}

#[tokio::test]
async fn a_stream_ends_when_the_wait_for_its_end_does() {
    let told = Told::default();
    let alice = ready(&told).await;
    told.answer(&alice, &stream("Count", &[])).await;
    told.stage.send(r#"{"connectionId":"c","invocationId":"7","item":1}"#).await;
    let [(reminder, _)] = told.backends.reminders().try_into().unwrap();
    told.stage.publish([message("timer", &reminder)]).await;
    let error = "Invoking 'Count' was not answered in time.";
    let done = json!({ "type": 3, "invocationId": "7", "error": error });
    assert_eq!(told.completions(&alice), [done]);
}

#[tokio::test]
async fn streams_of_clients_and_endless_names_are_refused() {
    let told = Told::default();
    let alice = ready(&told).await;
    let reply = told.answer(&alice, &stream("Count", &["1"])).await;
    assert!(error(&reply).contains("It takes no streams."), "{reply}");
    let reply = told.answer(&alice, &stream("JoinGroup", &[])).await;
    assert!(error(&reply).contains("non-streaming 'JoinGroup'"), "{reply}");
    let uploads = json!({ "type": 1, "invocationId": "7", "target": "Up", "arguments": [], "streamIds": ["1"] });
    let reply = told.answer(&alice, &format!("{uploads}\u{1e}")).await;
    assert!(error(&reply).contains("It takes no streams."), "{reply}");
    let reply = told.answer(&alice, &invoke("7", &"n".repeat(1025), &json!([]))).await;
    assert!(error(&reply).starts_with("Unknown hub method"), "{reply}");
    assert!(calls(&told).is_empty());
}

#[tokio::test]
async fn without_a_way_to_backends_answers_pass_as_ever() {
    let told = Told::default();
    let alice = told.stage.claimed("s1=", "c").await;
    let reply = told.stage.answer(&alice, &invoke("7", "Add", &json!([]))).await;
    assert_eq!(error(&reply), "Unknown hub method 'Add'");
    let plain = crate::stage::Stage::default();
    let bob = plain.claimed("s2=", "c").await;
    plain.send(ANSWER).await;
    assert_eq!(plain.received(&bob).len(), 1);
}

/// A socket from before backends were to be told calls like any other.
#[tokio::test]
async fn a_client_that_is_not_kept_calls_all_the_same() {
    let told = Told::default();
    let alice = told.stage.claimed("s1=", "c").await;
    assert_eq!(told.answer(&alice, &invoke("7", "Add", &json!([]))).await, PING);
    let [call] = calls(&told).try_into().unwrap();
    assert_eq!((&call["connectionId"], &call["claims"]), (&json!("c"), &json!({})));
    told.stage.send(ANSWER).await;
    assert_eq!(told.completions(&alice).len(), 1);
}

const CANCEL: &str = "{\"type\":5,\"invocationId\":\"7\"}\u{1e}";

#[tokio::test]
async fn a_cancelled_call_is_told_once_and_has_no_answer() {
    for call in [invoke("7", "Add", &json!([])), stream("Add", &[])] {
        let told = Told::default();
        let alice = ready(&told).await;
        told.answer(&alice, &call).await;
        for _ in 0..2 {
            assert_eq!(told.answer(&alice, CANCEL).await, PING);
        }
        let [_call, cancelled] = calls(&told).try_into().unwrap();
        let (event, id) = (&cancelled["event"], &cancelled["invocationId"]);
        assert_eq!((event, id), (&json!("cancelled"), &json!("7")));
        assert!(cancelled.get("target").is_none() && cancelled["connectionId"] == "c");

        let [(reminder, _)] = told.backends.reminders().try_into().unwrap();
        for late in [ANSWER, &reminder] {
            assert_eq!(told.stage.send(late).await.tally.undeliverable, 1);
        }
        assert_eq!(told.completions(&alice), [] as [Value; 0]);
        // The id is free again.
        told.answer(&alice, &call).await;
        assert_eq!(calls(&told).len(), 3);
    }
}

#[tokio::test]
async fn a_call_that_does_not_wait_is_not_cancelled() {
    let told = Told::default();
    let alice = ready(&told).await;
    assert_eq!(told.answer(&alice, CANCEL).await, PING);
    told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
    told.stage.send(ANSWER).await;
    told.answer(&alice, CANCEL).await;
    assert_eq!((calls(&told).len(), told.completions(&alice).len()), (1, 1));
}

/// Each call is counted where all instances see it.
#[tokio::test(start_paused = true)]
async fn calls_count_whichever_instance_answers() {
    let told = Told::default();
    let alice = ready(&told).await;
    let frame: String = (0..400).map(|n| invoke(&n.to_string(), "Add", &json!([]))).collect();
    assert_eq!(told.answer(&alice, &frame).await, PING);
    let other = told.second_frames();
    let reply =
        hubcast_connection::frames::AnswerFrames::answer(&other, &alice, &frame, PATIENCE).await;
    assert!(reply.contains("Too many calls in a short time."), "{reply}");
    assert_eq!(calls(&told).len(), 400);
}
