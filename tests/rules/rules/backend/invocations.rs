//! Calls of backends that clients answer.

use std::time::Duration;

use hubcast_backend::{BackendError, ClientAnswer, InvokeError};
use hubcast_membership::membership::disconnect;
use hubcast_model::ports::{ClientResult, Outgoing};
use hubcast_testkit::clock::START;
use hubcast_testkit::{Fault, name};
use tokio::time::Instant;

use super::{Office, payload};
use crate::stage::{HUB, PING, records};

fn value(json: &str) -> ClientResult {
    ClientResult::Value(json.to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_answered_by_the_client_it_was_for() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let thief = office.stage.user("s2=", "mallory").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let invocations = office.backend.invocations(&hub);
    let asking = invocations.invoke(&connection, &ask, patience);
    let answering = async {
        office.publish_when_sent().await;
        let call = records(&office.stage.received(&tab)[0]).remove(0);
        assert_eq!(call["target"], "ask");
        let id = call["invocationId"].as_str().unwrap();
        let answer = |result: u32| {
            format!("{{\"type\":3,\"invocationId\":\"{id}\",\"result\":{result}}}\u{1e}")
        };
        assert_eq!(office.stage.answer(&thief, &answer(1)).await, PING);
        assert_eq!(office.stage.answer(&tab, &answer(2)).await, PING);
        assert_eq!(office.stage.answer(&tab, &answer(3)).await, PING);
    };
    let (answer, ()) = tokio::join!(asking, answering);
    assert_eq!(answer.expect("a result").result, value("2"));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_fails_with_the_client_or_with_the_time() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let late = office.backend.invocations(&hub).invoke(&connection, &ask, patience).await;
    assert!(matches!(late, Err(InvokeError::TimedOut(_))), "{late:?}");
    let [sent]: [Outgoing; 1] = office.queue.sent().try_into().unwrap();
    let id = &records(&sent.body)[0]["invocationId"];
    let answer = format!("{{\"type\":3,\"invocationId\":{id},\"error\":\"no\"}}\u{1e}");
    assert_eq!(office.stage.answer(&tab, &answer).await, PING, "nobody waits any more");
    let absent = name::connection("absent");
    let none = office.backend.invocations(&hub).invoke(&absent, &ask, patience).await;
    assert!(matches!(none, Err(InvokeError::Backend(BackendError::NoConnection))));
    let invocations = office.backend.invocations(&hub);
    let asking = invocations.invoke(&connection, &ask, patience);
    let answering = async {
        office.publish_when_sent().await;
        let call = records(office.stage.received(&tab).last().unwrap()).remove(0);
        let id = &call["invocationId"];
        let answer = format!("{{\"type\":3,\"invocationId\":{id},\"error\":\"no\"}}\u{1e}");
        office.stage.answer(&tab, &answer).await;
    };
    let (failed, ()) = tokio::join!(asking, answering);
    let failed = failed.expect("an answer");
    assert_eq!(failed.result, ClientResult::Error("no".to_owned()));
    let record = failed.to_record().expect("a record");
    assert!(record.starts_with(r#"{"type":3,"invocationId":""#), "{record}");
    assert!(record.ends_with("\",\"error\":\"no\"}\u{1e}"), "{record}");
}

/// Also when API Gateway cut the connection, since it takes no frame of such a size.
#[tokio::test(start_paused = true)]
async fn an_invocation_fails_at_once_when_its_connection_ends() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let invocations = office.backend.invocations(&hub);
    let begun = Instant::now();
    let leaving = async {
        office.publish_when_sent().await;
        disconnect(&office.stage.store, &tab.socket, START).await.unwrap();
    };
    let (gone, ()) = tokio::join!(invocations.invoke(&connection, &ask, patience), leaving);
    assert!(matches!(gone, Err(InvokeError::Gone)), "{gone:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_answered_by_a_client_that_leaves_right_behind_its_answer() {
    let office = Office::default();
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let invocations = office.backend.invocations(&hub);
    let leaving = async {
        office.publish_when_sent().await;
        let call = records(&office.stage.received(&tab)[0]).remove(0);
        let answer = format!("{{\"type\":3,\"invocationId\":{}}}\u{1e}", call["invocationId"]);
        disconnect(&office.stage.store, &tab.socket, START).await.unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
        office.stage.answer(&tab, &answer).await;
    };
    let (answer, ()) = tokio::join!(invocations.invoke(&connection, &ask, patience), leaving);
    assert_eq!(answer.expect("an answer").result, ClientResult::Void);
}

/// What becomes of an invocation that the client answers, when this goes wrong with the table.
async fn invoked_despite(office: &Office, fail: impl Fn()) -> Result<ClientAnswer, InvokeError> {
    let tab = office.stage.user("s1=", "alice").await;
    let (hub, connection) = (name::hub(HUB), name::connection("s1="));
    let (ask, patience) = (payload("ask"), Duration::from_secs(20));
    let invocations = office.backend.invocations(&hub);
    let asking = invocations.invoke(&connection, &ask, patience);
    let answering = async {
        office.publish_when_sent().await;
        let call = records(office.stage.received(&tab).last().unwrap()).remove(0);
        let id = &call["invocationId"];
        fail();
        let answer = format!("{{\"type\":3,\"invocationId\":{id},\"result\":7}}\u{1e}");
        assert_eq!(office.stage.answer(&tab, &answer).await, PING);
    };
    tokio::join!(asking, answering).0
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_answered_though_its_row_cannot_be_forgotten() {
    for fault in [Fault::Unavailable, Fault::Hang] {
        let office = Office::default();
        let answer =
            invoked_despite(&office, || office.stage.store.fault("forget_result", fault)).await;
        assert_eq!(answer.expect("a result").result, value("7"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_looked_for_again_when_the_table_was_away() {
    let office = Office::default();
    let away = [Some(Fault::Unavailable), Some(Fault::Unavailable)];
    let answer = invoked_despite(&office, || office.stage.store.fault_next("result", away)).await;
    assert_eq!(answer.expect("a result").result, value("7"));
    for fault in [Fault::Unavailable, Fault::Hang] {
        let office = Office::default();
        let answer = invoked_despite(&office, || office.stage.store.fault("result", fault)).await;
        assert!(matches!(answer, Err(InvokeError::TimedOut(_))), "{answer:?}");
    }
}
