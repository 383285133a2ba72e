//! Sends, closes and streams, as they are put on the queue.

use std::time::Duration;

use hubcast_backend::{
    BackendError, Closing, InvokeError, Payload, Sending, StreamEnd, StreamSending,
};
use hubcast_model::audience::Audience;
use hubcast_model::frame::RECORD_MAX_BYTES;
use hubcast_model::ports::Outgoing;
use hubcast_testkit::{Fault, name};

use crate::office::{Office, group, payload, sending};

#[tokio::test]
async fn a_close_of_a_user_revokes_only_when_it_is_asked_to() {
    for revoke in [false, true] {
        let office = Office::default();
        let user = Audience::user(name::user("alice"));
        let closing = Closing { reason: Some("bye"), allow_reconnect: false, revoke };
        office.sender().close(&sending(&user), &closing).await.expect("closed");
        let [sent]: [Outgoing; 1] = office.queue.sent().try_into().unwrap();
        let expected = format!(
            "{{\"hub\":\"n\",\"userId\":\"alice\",\"action\":\"close\",\"reason\":\"bye\",\"revoke\":{revoke}}}"
        );
        assert_eq!(sent.body, expected);
    }
}

#[tokio::test]
async fn a_key_counts_for_the_same_request_only() {
    let office = Office::default();
    let user = Audience::user(name::user("a"));
    let keyed = Sending { idempotency_key: Some("k"), ..sending(&user) };
    let close = Closing::default();
    for _ in 0..2 {
        office.sender().send(&[keyed], &payload("m")).await.expect("sent");
        office.sender().close(&keyed, &close).await.expect("closed");
        office.sender().close(&keyed, &Closing { revoke: true, ..close }).await.expect("closed");
        office.sender().send(&[keyed], &payload("n")).await.expect("sent");
    }
    assert_eq!(office.groups().len(), 4);
}

#[tokio::test]
async fn a_key_counts_once_for_each_audience() {
    let office = Office::default();
    for audience in [group("g"), group("g"), group("h")] {
        let keyed = Sending { idempotency_key: Some("k"), ..sending(&audience) };
        office.sender().send(&[keyed], &payload("m")).await.expect("sent");
    }
    assert_eq!(office.groups(), ["n:group:g", "n:group:h"]);
    for _ in 0..2 {
        office.sender().send(&[sending(&group("g"))], &payload("m")).await.expect("sent");
    }
    assert_eq!(office.groups().len(), 4);
}

#[tokio::test]
async fn what_sqs_does_not_take_is_escaped() {
    let office = Office::default();
    let payload = Payload::from_json("{\"target\":\"m\",\"arguments\":[\"a\u{fffe}\u{ffff}b\"]}");
    office.sender().send(&[sending(&Audience::Hub)], &payload.unwrap()).await.expect("sent");
    let [sent]: [Outgoing; 1] = office.queue.sent().try_into().unwrap();
    assert!(sent.body.contains(r#"["a\ufffe\uffffb"]"#), "{}", sent.body);
}

#[tokio::test]
async fn a_message_that_no_socket_takes_is_refused() {
    let office = Office::default();
    let text = "x".repeat(128 * 1024);
    let payload = Payload::from_json(&format!("{{\"target\":\"m\",\"arguments\":[\"{text}\"]}}"));
    let sent = office.sender().send(&[sending(&Audience::Hub)], &payload.unwrap()).await;
    assert!(matches!(sent, Err(BackendError::TooLarge { .. })));
    assert!(office.queue.sent().is_empty());
}

/// A text that makes a record of this many bytes if everything around it takes `around`.
fn filling(around: usize) -> String {
    "x".repeat(RECORD_MAX_BYTES - around)
}

#[tokio::test(start_paused = true)]
async fn what_a_client_gets_under_an_id_is_measured_with_it() {
    let office = Office::default();
    office.user("s1=", "alice").await;
    let connection = name::connection("s1=");
    let audience = Audience::Connection(connection.clone());
    let around = "{\"type\":2,\"invocationId\":\"id\",\"item\":\"\"}\u{1e}".len();
    let stream = async |item: Option<&str>, end: Option<StreamEnd<'_>>| {
        let item = item.map(|text| serde_json::value::to_raw_value(text).unwrap());
        let sending =
            StreamSending { connection: &connection, stream_id: "id", idempotency_key: None };
        let streams = office.backend.streams(&office.hub);
        match (item, end) {
            (Some(item), end) => streams.send(&sending, &item, end).await,
            (None, end) => streams.end(&sending, end.unwrap()).await,
        }
    };
    let (fits, too_large) = (filling(around), filling(around - 1));
    stream(Some(&fits), None).await.expect("it fits");
    let refused = stream(Some(&too_large), None).await;
    assert!(matches!(refused, Err(BackendError::TooLarge { bytes, most }) if bytes == most + 1));
    let long = filling(0);
    let refused = stream(None, Some(StreamEnd { error: Some(&long) })).await;
    assert!(matches!(refused, Err(BackendError::TooLarge { .. })));
    let around = "{\"type\":1,\"target\":\"m\",\"arguments\":[\"\"]}\u{1e}".len();
    let text = format!("{{\"target\":\"m\",\"arguments\":[\"{}\"]}}", filling(around));
    let large = Payload::from_json(&text).expect("a payload");
    office.sender().send(&[sending(&audience)], &large).await.expect("it fits without an id");
    let invoked =
        office.backend.invocations(&office.hub).invoke(&connection, &large, Duration::ZERO).await;
    let expected =
        |err: &InvokeError| matches!(err, InvokeError::Backend(BackendError::TooLarge { .. }));
    assert!(invoked.as_ref().is_err_and(expected), "{invoked:?}");
    assert_eq!(office.queue.sent().len(), 2);
}

#[tokio::test]
async fn a_queue_that_is_down_is_told_of() {
    let office = Office::default();
    office.queue.fault("send", Fault::Unavailable);
    let sent = office.sender().send(&[sending(&Audience::Hub)], &payload("m")).await;
    assert!(matches!(sent, Err(BackendError::Queue(_))));
}
