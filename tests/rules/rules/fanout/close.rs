//! Log-outs: connections that are ended, and tokens that are not good any more.

use std::time::Duration;

use hubcast_connection::connect::ConnectError;
use hubcast_delivery::Publish;
use hubcast_model::principal::Principal;
use hubcast_model::time::Clock;
use hubcast_testkit::principal::{caller, principal};
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{Answer, Fault};
use tokio::time::Instant;

use crate::stage::{HUB, INVOCATION, Stage, claiming, fanout_settings, with_groups};

const LOG_OUT: &str = r#"{"action":"close","userId":"alice","reason":"bye"}"#;

#[tokio::test(start_paused = true)]
async fn every_tab_reads_its_close_before_it_is_cut_off() {
    let stage = Stage::default();
    let tabs = [stage.user("s1=", "alice").await, stage.user("s2=", "alice").await];
    let bob = stage.user("s3=", "bob").await;
    stage.send(LOG_OUT).await;
    let last_post = stage.gateway.arrivals().last().unwrap().at;
    let deletes = stage.gateway.deletes();
    assert_eq!(deletes.len(), 2);
    for (socket, at) in deletes {
        assert!(at.duration_since(last_post) >= Duration::from_secs(1), "{socket}");
    }
    for tab in &tabs {
        assert_eq!(stage.received(tab), ["{\"type\":7,\"error\":\"bye\"}\u{1e}"]);
        stage.assert_forgotten(tab);
    }
    assert!(stage.received(&bob).is_empty() && !stage.gateway.is_deleted(&bob.socket));
}

#[tokio::test(start_paused = true)]
async fn a_socket_whose_close_is_refused_is_ended_all_the_same() {
    for answer in [Answer::TooLarge, Answer::Refused] {
        for direct_max in [1000, 0] {
            let stage = Stage::default();
            let alice = stage.user("s1=", "alice").await;
            stage.user("s2=", "bob").await;
            let publisher = stage.publisher_for(direct_max);
            let to_bob = in_group("m1", "bob", r#"{"userId":"bob","target":"t"}"#);
            let mut batch = vec![to_bob, in_group("m2", "alice", LOG_OUT)];
            stage.gateway.always(&alice.socket, answer);
            // What jobs there are is worked after what made them.
            for _ in 0..2 {
                assert!(publisher.publish(batch, INVOCATION).await.failed.is_empty());
                let jobs = stage.queue.jobs().into_iter();
                batch = jobs.map(|job| in_group(&job.key, &job.key, &job.body)).collect();
            }
            assert!(stage.gateway.is_deleted(&alice.socket), "{answer:?} {direct_max}");
            stage.assert_forgotten(&alice);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_that_fails_is_tried_again() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let failed = Some(Fault::Unavailable);
    stage.gateway.fault_next("delete", [failed, failed, None]);
    stage.send(LOG_OUT).await;
    assert_eq!(stage.gateway.deletes().len(), 3);
    stage.assert_forgotten(&alice);
}

#[tokio::test(start_paused = true)]
async fn cuts_that_fail_for_good_share_one_budget_and_leave_no_rows() {
    let stage = Stage::default();
    let mut tabs = Vec::new();
    for n in 0..50 {
        tabs.push(stage.user(&format!("s{n}="), "alice").await);
    }
    stage.gateway.fault("delete", Fault::Unavailable);
    let start = Instant::now();
    stage.send(LOG_OUT).await;
    let settings = fanout_settings();
    assert!(start.elapsed() <= settings.close_grace + settings.retry_budget, "{start:?}");
    for tab in &tabs {
        assert!(stage.gateway.is_deleted(&tab.socket));
        stage.assert_forgotten(tab);
    }
}

async fn connects_with_a_token_of_before(stage: &Stage) -> bool {
    let old = principal(HUB, "alice");
    stage.clock.advance(Duration::from_secs(5));
    match stage.connect(&caller("s9=", old)).await {
        Ok(()) => true,
        Err(ConnectError::Blocked) => false,
        Err(err) => panic!("{err}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_out_refuses_old_tokens_and_a_fresh_log_in_passes() {
    let stage = Stage::default();
    stage.user("s1=", "alice").await;
    stage.send(LOG_OUT).await;
    assert!(!connects_with_a_token_of_before(&stage).await);
    let fresh = Principal { issued_at: stage.clock.now(), ..principal(HUB, "alice") };
    stage.connect(&caller("s9=", fresh)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn other_closes_revoke_nothing() {
    for body in [
        r#"{"action":"close","userId":"alice","revoke":false}"#,
        r#"{"action":"close","userId":"alice","allowReconnect":true}"#,
        r#"{"action":"close","connectionId":"c"}"#,
        r#"{"action":"close","groupName":"g"}"#,
        r#"{"action":"close"}"#,
    ] {
        let stage = Stage::default();
        let who = with_groups(claiming(principal(HUB, "alice"), "c"), &["g"]);
        let alice = stage.ready("s1=", who).await;
        stage.send(body).await;
        stage.assert_forgotten(&alice);
        assert!(connects_with_a_token_of_before(&stage).await, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_may_let_the_client_return() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.send(r#"{"action":"close","userId":"alice","allowReconnect":true}"#).await;
    assert_eq!(stage.received(&alice), ["{\"type\":7,\"allowReconnect\":true}\u{1e}"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_the_close_arrives_before_it() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.send(&format!(r#"[{{"userId":"alice","target":"t"}},{LOG_OUT}]"#)).await;
    let [frame] = stage.received(&alice).try_into().unwrap();
    let (call, close) = frame.split_once('\u{1e}').unwrap();
    assert!(call.contains("\"target\":\"t\"") && close.starts_with("{\"type\":7"), "{frame}");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_could_not_be_posted_is_finished_by_a_second_run() {
    let stage = Stage::default();
    let [one, two] = [stage.user("s1=", "alice").await, stage.user("s2=", "alice").await];
    stage.gateway.always(&one.socket, Answer::Throttled);
    let first = message("m1", LOG_OUT);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    assert!(!stage.gateway.is_deleted(&one.socket) && stage.gateway.is_deleted(&two.socket));

    stage.gateway.heal();
    let revokes = stage.journal().count("put_block");
    assert!(stage.publish([again(&first)]).await.failed.is_empty());
    assert_eq!(stage.received(&one).len(), 1);
    assert_eq!(stage.received(&two).len(), 1);
    assert!(stage.gateway.is_deleted(&one.socket));
    stage.assert_forgotten(&one);
    assert_eq!(stage.journal().count("put_block"), revokes, "a log-in since then stays good");
}
