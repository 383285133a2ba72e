//! Batches of events, endpoints that take them or do not, and what the queue must keep.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use hubcast_backend::webhook::Templates;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::{
    AnswerQueue, Cause, QueueError, UpstreamMessage, Webhook, WebhookAnswer, WebhookRequest,
};
use hubcast_model::settings::AccessKeys;
use hubcast_testkit::TestClock;
use hubcast_testkit::clock::START;
use hubcast_testkit::queued::{again, in_group};
use serde_json::{Value, json};
use upstream::{Courier, handle};

const PATIENCE: Duration = Duration::from_secs(29);
const TIMEOUT: Duration = Duration::from_secs(30);

/// What an endpoint does with one request.
#[derive(Debug, Clone, Copy)]
enum Does {
    Answer(u16),
    /// By 200 and this body.
    Say(&'static str),
    Fail,
    Hang,
}

/// Endpoints that do as they are told, and queues that remember; clones are the same.
#[derive(Debug, Clone, Default)]
struct Outside(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    plan: VecDeque<Does>,
    requests: Vec<WebhookRequest>,
    answers: Vec<(String, String, String)>,
    put_off: Vec<UpstreamMessage>,
    retries: Vec<(String, Duration)>,
    is_queue_down: bool,
}

impl Webhook for Outside {
    async fn post(
        &self,
        request: WebhookRequest,
        patience: Duration,
    ) -> Result<WebhookAnswer, Cause> {
        let does = {
            let mut seen = self.0.lock().unwrap();
            seen.requests.push(request);
            seen.plan.pop_front().unwrap_or(Does::Answer(200))
        };
        match does {
            Does::Answer(status) => Ok(WebhookAnswer { status, body: Vec::new() }),
            Does::Say(body) => Ok(WebhookAnswer { status: 200, body: body.into() }),
            Does::Fail => Err("told to fail".into()),
            Does::Hang => {
                tokio::time::sleep(patience).await;
                Err("too slow".into())
            }
        }
    }
}

impl AnswerQueue for Outside {
    async fn answer(
        &self,
        envelope: &str,
        group: &MessageGroup,
        id: &str,
    ) -> Result<(), QueueError> {
        let mut seen = self.0.lock().unwrap();
        if seen.is_queue_down {
            return Err(QueueError { operation: "answer", source: "told to fail".into() });
        }
        seen.answers.push((envelope.to_owned(), group.to_string(), id.to_owned()));
        Ok(())
    }

    async fn put_off(&self, message: &UpstreamMessage) -> Result<(), QueueError> {
        let mut seen = self.0.lock().unwrap();
        if seen.is_queue_down {
            return Err(QueueError { operation: "put_off", source: "told to fail".into() });
        }
        seen.put_off.push(message.clone());
        Ok(())
    }

    async fn retry_event(&self, receipt: &str, delay: Duration) -> Result<(), QueueError> {
        self.0.lock().unwrap().retries.push((receipt.to_owned(), delay));
        Ok(())
    }
}

struct Rig {
    outside: Outside,
    clock: TestClock,
    courier: Courier<Outside, Outside, AccessKeys, TestClock>,
}

fn rig(plan: impl IntoIterator<Item = Does>) -> Rig {
    let (outside, clock) = (Outside::default(), TestClock::default());
    outside.0.lock().unwrap().plan.extend(plan);
    let courier = Courier {
        webhook: outside.clone(),
        queue: outside.clone(),
        keys: AccessKeys::parse(&"k".repeat(40)).unwrap(),
        clock: clock.clone(),
        templates: Templates::parse(r#"[{"urlTemplate":"https://h/{event}","hubPattern":"n"}]"#)
            .unwrap(),
        timeout: TIMEOUT,
        receives_max: 3,
    };
    Rig { outside, clock, courier }
}

/// An event of a connection; one that wants an answer when it has an invocation id.
fn event(connection: &str, name: &str, invocation_id: Option<&str>) -> String {
    let mut event = json!({
        "eventId": format!("{connection}/{name}"), "category": "messages", "event": name,
        "hub": "n", "connectionId": connection, "claims": {}, "query": {},
        "timestamp": START.to_rfc3339(), "target": name, "arguments": [1],
    });
    if let Some(id) = invocation_id {
        event["invocationId"] = json!(id);
    }
    event.to_string()
}

/// An event of a connection that was put off.
fn late(connection: &str, name: &str) -> String {
    event(connection, name, None).replacen('{', r#"{"putOff":true,"#, 1)
}

/// The beginning or the end of a connection.
fn presence(connection: &str, name: &str) -> String {
    let event = event(connection, name, None);
    event.replace(r#""category":"messages""#, r#""category":"connections""#)
}

fn messages(bodies: &[(&str, String)]) -> Vec<QueuedMessage> {
    let message =
        |(at, (group, body)): (usize, &(&str, String))| in_group(&at.to_string(), group, body);
    bodies.iter().enumerate().map(message).collect()
}

fn batch(bodies: &[(&str, String)]) -> SqsEvent {
    hubcast_testkit::event::sqs(&messages(bodies))
}

impl Rig {
    /// The places in the batch of what the queue must keep.
    async fn kept(&self, bodies: &[(&str, String)]) -> Vec<String> {
        self.kept_of(batch(bodies)).await
    }

    async fn kept_of(&self, event: SqsEvent) -> Vec<String> {
        let response = handle(&self.courier, event, PATIENCE).await;
        let failures = response.batch_item_failures.into_iter();
        let mut kept: Vec<String> = failures.map(|failure| failure.item_identifier).collect();
        kept.sort();
        kept
    }

    fn urls(&self) -> Vec<String> {
        let seen = self.outside.0.lock().unwrap();
        seen.requests.iter().map(|request| request.url.clone()).collect()
    }

    fn answers(&self) -> Vec<Value> {
        let seen = self.outside.0.lock().unwrap();
        seen.answers
            .iter()
            .map(|(envelope, _, _)| serde_json::from_str(envelope).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn an_event_that_is_not_taken_holds_nothing_and_is_put_off() {
    let refusals = [500, 503, 302, 408, 425, 429].map(Does::Answer);
    for does in refusals.into_iter().chain([Does::Fail]) {
        for refused in [presence("c", "connected"), event("c", "connected", None)] {
            let rig = rig([does]);
            let bodies = [("c", refused), ("c", event("c", "Add", Some("7")))];
            assert!(rig.kept(&bodies).await.is_empty(), "{does:?}");
            assert_eq!(rig.urls(), ["https://h/connected", "https://h/Add"]);
            let seen = rig.outside.0.lock().unwrap();
            assert_eq!((seen.answers.len(), seen.retries.len()), (1, 0));
            let [UpstreamMessage { body, group, id }] = seen.put_off.as_slice() else {
                panic!("{seen:?}")
            };
            assert_eq!((group.as_str(), id.as_str()), ("n:later:c", "c/connected/later"));
            let event: Value = serde_json::from_str(body).unwrap();
            assert_eq!(
                (&event["putOff"], &event["eventId"]),
                (&json!(true), &json!("c/connected"))
            );
        }
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
    rig.outside.0.lock().unwrap().retries.clear();
    // The queue gives it up after this one.
    assert_eq!(rig.kept_of(hubcast_testkit::event::sqs(&messages)).await, ["0"]);
    assert_eq!(rig.urls(), ["bad", "bad", "bad", "b", "c"].map(|name| format!("https://h/{name}")));
    let retries = rig.outside.0.lock().unwrap().retries.clone();
    assert_eq!(retries, [("receipt-0".to_owned(), Duration::ZERO)]);
}

#[tokio::test(start_paused = true)]
async fn at_the_last_try_nobody_hangs_for_the_time_of_those_behind() {
    let rig = rig([Does::Hang, Does::Hang, Does::Hang, Does::Answer(200)]);
    let messages = messages(&["a", "b", "c", "d"].map(|name| ("c", late("c", name))));
    let messages: Vec<_> = messages.iter().map(|message| again(&again(message))).collect();
    let kept = rig.kept_of(hubcast_testkit::event::sqs(&messages)).await;
    assert_eq!(kept, ["0", "1", "2"]);
    assert_eq!(rig.urls(), ["a", "b", "c", "d"].map(|name| format!("https://h/{name}")));
}

#[tokio::test]
async fn an_event_that_is_given_up_lets_the_next_one_hold_the_rest() {
    let rig = rig([500, 500].map(Does::Answer));
    let messages = messages(&["bad", "b", "c"].map(|name| ("c", late("c", name))));
    let [bad, b, c] = messages.as_slice() else { panic!("{messages:?}") };
    let messages = [again(&again(bad)), b.clone(), c.clone()];
    let kept = rig.kept_of(hubcast_testkit::event::sqs(&messages)).await;
    assert_eq!(kept, ["0", "1", "2"]);
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

#[tokio::test]
async fn an_invocation_is_tried_once_and_answered_in_the_order_of_its_connection() {
    for (does, error) in [
        (Does::Answer(200), None),
        (Does::Answer(503), Some("Invocation failed, status code 503")),
        (Does::Fail, Some("Invocation failed")),
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
    rig.courier.timeout = Duration::from_mins(15);
    rig.clock.advance(Duration::from_secs(169));
    assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/a"]);
    rig.clock.advance(Duration::from_secs(1));
    assert!(rig.kept(&[("c", event("c", "b", Some("8")))]).await.is_empty());
    assert_eq!(rig.urls(), ["https://h/a"]);
    assert_eq!(rig.answers()[1]["error"], "Invocation failed, its turn came too late");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_hangs_costs_no_more_than_the_client_waits() {
    let rig = rig([Does::Hang]);
    rig.clock.advance(Duration::from_secs(27));
    let started = tokio::time::Instant::now();
    assert!(rig.kept(&[("c", event("c", "a", Some("7")))]).await.is_empty());
    assert_eq!(started.elapsed(), Duration::from_secs(3));
    assert_eq!(rig.answers()[0]["error"], "Invocation failed");
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

#[tokio::test]
async fn what_is_no_event_stays_for_the_dead_letters() {
    let rig = rig([]);
    for body in ["", "nonsense", "{}", "[1]"] {
        assert_eq!(rig.kept(&[("c", body.to_owned())]).await, ["0"], "{body}");
    }
}
