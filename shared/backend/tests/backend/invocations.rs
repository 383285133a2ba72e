//! Invocations whose way is cut off.

use std::time::Duration;

use hubcast_backend::InvokeError;
use hubcast_testkit::{Fault, name};

use crate::office::{Office, payload};

#[tokio::test]
async fn an_invocation_that_may_be_on_the_queue_is_no_reason_for_another() {
    let office = Office::default();
    office.user("s1=", "alice").await;
    office.queue.fault("send", Fault::Unavailable);
    let connection = name::connection("s1=");
    let patience = Duration::from_secs(20);
    let asked = office
        .backend
        .invocations(&office.hub)
        .invoke(&connection, &payload("ask"), patience)
        .await;
    assert!(matches!(asked, Err(InvokeError::Unsure(_))), "{asked:?}");
}
