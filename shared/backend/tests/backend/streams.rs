//! Items of streams, and those whom they reach.

use hubcast_backend::{BackendError, StreamEnd, StreamSending};
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::PendingStore;
use hubcast_testkit::clock::START;
use hubcast_testkit::name;

use crate::office::Office;

async fn item(office: &Office, connection: &ConnectionId) -> Result<Vec<String>, BackendError> {
    let sending = StreamSending { connection, stream_id: "7", idempotency_key: None };
    let item = serde_json::value::to_raw_value(&1).expect("a number is JSON");
    office.backend.streams(&office.hub).send(&sending, &item, None).await
}

#[tokio::test]
async fn an_item_is_refused_once_its_stream_has_ended() {
    let office = Office::default();
    office.user("s1=", "alice").await;
    let (connection, socket) = (name::connection("s1="), name::socket("s1="));
    item(&office, &connection).await.expect("a stream that nobody noted");
    office.store.put_pending(&socket, "7", START, START.plus(HOUR)).await.unwrap();
    item(&office, &connection).await.expect("a stream that waits");
    office.store.complete_pending(&socket, "7", "its client").await.unwrap();
    let refused = item(&office, &connection).await;
    assert!(matches!(refused, Err(BackendError::NoStream)), "{refused:?}");
    assert_eq!(office.queue.sent().len(), 2);
}

#[tokio::test]
async fn an_item_for_nobody_is_refused_and_an_end_is_not() {
    let office = Office::default();
    let connection = name::connection("gone");
    let refused = item(&office, &connection).await;
    assert!(matches!(refused, Err(BackendError::NoConnection)), "{refused:?}");
    let sending = StreamSending { connection: &connection, stream_id: "7", idempotency_key: None };
    let end = StreamEnd { error: None };
    office.backend.streams(&office.hub).end(&sending, end).await.expect("nothing to refuse");
}

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
