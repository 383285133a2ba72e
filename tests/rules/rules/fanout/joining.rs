//! Sockets whose handshake is under way, as senders meet them.

use std::time::Duration;

use hubcast_delivery::Publish;
use hubcast_membership::membership::disconnect;
use hubcast_model::context::Caller;
use hubcast_model::handshake::JOINING_MAX;
use hubcast_model::ports::{ChannelStore, QueuedMessage, SocketStore};
use hubcast_model::socket::Socket;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::principal;
use hubcast_testkit::queued::{again, in_group, message};

use crate::stage::{HUB, INVOCATION, Stage};

const TO_ALL: &str = r#"{"target":"t"}"#;
const KEPT: &str = r#"{"userId":"alice","target":"t","keepSeconds":60}"#;

/// A socket of alice whose rows are written, and whose client has no answer yet.
async fn joining(stage: &Stage) -> (Caller, Socket) {
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    let other = stage.user("model=", "alice").await;
    let channels: Vec<_> = stage.store.channels_of(&other.socket).into_iter().collect();
    disconnect(&stage.store, &other.socket, START).await.unwrap();
    let begun = stage.store.begin_handshake(&alice.socket, &channels, START).await.unwrap();
    let socket = begun.expect("the socket is on record");
    stage.store.put_rows(&socket.rows(&socket.channels, None)).await.unwrap();
    (alice, socket)
}

/// What reached a socket, the handshake's answer or not.
fn frames(stage: &Stage, caller: &Caller) -> usize {
    stage.gateway.frames(&caller.socket).len()
}

#[tokio::test(start_paused = true)]
async fn a_message_waits_for_the_handshake() {
    let stage = Stage::default();
    let (alice, socket) = joining(&stage).await;
    let finish = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(frames(&stage, &alice), 0);
        assert!(stage.store.finish_handshake(&socket).await.unwrap());
    };
    let (report, ()) = tokio::join!(stage.send(TO_ALL), finish);
    assert_eq!((report.tally.done, frames(&stage, &alice)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_delays_nobody_else_and_is_tried_again() {
    let stage = Stage::default();
    let bob = stage.user("s2=", "bob").await;
    let (alice, socket) = joining(&stage).await;
    let first = message("m", TO_ALL);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m"]);
    assert_eq!((stage.called(&bob).len(), frames(&stage, &alice)), (1, 0));
    // It is not taken for a socket that stalls: a Close would come before the answer.
    assert_eq!(stage.publish([again(&first)]).await.failed, ["m"]);
    assert_eq!((frames(&stage, &alice), stage.gateway.deletes().len()), (0, 0));

    assert!(stage.store.finish_handshake(&socket).await.unwrap());
    assert!(stage.publish([again(&again(&first))]).await.failed.is_empty());
    assert_eq!((stage.called(&bob).len(), frames(&stage, &alice)), (1, 1));
}

/// Its function died. No answer can come any more, so nothing can overtake it.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_ends_holds_nothing_for_long() {
    let stage = Stage::default();
    let (alice, _) = joining(&stage).await;
    stage.clock.advance(JOINING_MAX);
    assert!(stage.publish([message("m", TO_ALL)]).await.failed.is_empty());
    assert_eq!(frames(&stage, &alice), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_waits_in_the_inbox_when_the_handshake_comes_to_nothing() {
    let stage = Stage::default();
    let (alice, _) = joining(&stage).await;
    let go = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        disconnect(&stage.store, &alice.socket, START).await.unwrap();
    };
    let (report, ()) = tokio::join!(stage.send(KEPT), go);
    assert_eq!((report.tally.kept, frames(&stage, &alice)), (1, 0));
    assert_eq!(stage.called(&stage.ready_with("s3=", principal(HUB, "alice")).await), ["t"]);
}

#[tokio::test(start_paused = true)]
async fn jobs_wait_for_handshakes_too() {
    let stage = Stage::default();
    let bob = stage.user("s2=", "bob").await;
    let (alice, socket) = joining(&stage).await;
    let publisher = stage.publisher_for(1);
    publisher.publish(vec![message("m", TO_ALL)], INVOCATION).await;
    let jobs = stage.queue.jobs().into_iter().enumerate();
    let jobs: Vec<QueuedMessage> =
        jobs.map(|(n, job)| in_group(&format!("j{n}"), &job.group, &job.body)).collect();
    assert!(!jobs.is_empty());
    let finish = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(frames(&stage, &alice), 0);
        assert!(stage.store.finish_handshake(&socket).await.unwrap());
    };
    let (report, ()) = tokio::join!(publisher.publish(jobs, INVOCATION), finish);
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!((stage.called(&bob).len(), frames(&stage, &alice)), (1, 1));
}

/// A look at the record costs a read, so only rows of new sockets ask for one.
#[tokio::test(start_paused = true)]
async fn nobody_looks_at_the_records_of_sockets_that_came_long_ago() {
    let stage = Stage::default();
    stage.user("s1=", "alice").await;
    for (age, looks) in [(Duration::ZERO, 1), (JOINING_MAX, 0)] {
        stage.clock.advance(age);
        stage.journal().clear();
        stage.send(TO_ALL).await;
        assert_eq!(stage.journal().count("socket"), looks, "after {age:?}");
    }
}
