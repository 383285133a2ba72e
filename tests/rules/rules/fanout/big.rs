//! Big audiences are cut into jobs, once, and jobs are worked page by page.

use std::collections::BTreeSet;

use hubcast_delivery::{Publish, Report};
use hubcast_model::channel::ShardCounts;
use hubcast_model::context::Caller;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::Rest;
use hubcast_testkit::clock::START;
use hubcast_testkit::queued::{again, in_group};
use hubcast_testkit::{Answer, Fault};

use crate::stage::{INVOCATION, Stage};

const TO_ALL: &str = r#"{"target":"t"}"#;

/// Publishes where more than three sockets are many.
async fn publish(stage: &Stage, messages: Vec<QueuedMessage>) -> Report {
    stage.publisher_for(3).publish(messages, INVOCATION).await
}

async fn crowd(stage: &Stage, count: usize) -> Vec<Caller> {
    let mut callers = Vec::new();
    for n in 0..count {
        callers.push(stage.user(&format!("s{n}="), &format!("u{n}")).await);
    }
    callers
}

/// The jobs on the queue as messages.
fn jobs(stage: &Stage) -> Vec<QueuedMessage> {
    let jobs = stage.queue.jobs().into_iter().enumerate();
    jobs.map(|(n, job)| in_group(&format!("j{n}"), &job.group, &job.body)).collect()
}

fn all_called(stage: &Stage, callers: &[Caller], expected: &[&str]) {
    for caller in callers {
        assert_eq!(stage.called(caller), expected, "{}", caller.socket);
    }
}

#[tokio::test]
async fn an_audience_over_the_limit_becomes_a_job_for_each_shard() {
    let stage = Stage::default();
    let callers = crowd(&stage, 20).await;
    let report = publish(&stage, vec![in_group("m1", "n:hub", TO_ALL)]).await;
    assert_eq!((report.tally.handed_on, report.tally.jobs), (1, 4));
    all_called(&stage, &callers, &[]);
    let groups: BTreeSet<String> = stage.queue.jobs().into_iter().map(|job| job.group).collect();
    assert_eq!(groups, ["n:hub|0", "n:hub|1", "n:hub|2", "n:hub|3"].map(str::to_owned).into());

    let report = publish(&stage, jobs(&stage)).await;
    assert!(report.failed.is_empty());
    assert_eq!((report.tally.done + report.tally.undeliverable, report.tally.posts), (4, 20));
    all_called(&stage, &callers, &["t"]);
}

#[tokio::test]
async fn as_many_as_the_limit_are_posted_to_directly() {
    let stage = Stage::default();
    let callers = crowd(&stage, 3).await;
    let report = publish(&stage, vec![in_group("m1", "n:hub", TO_ALL)]).await;
    assert_eq!((report.tally.done, report.tally.jobs), (1, 0));
    all_called(&stage, &callers, &["t"]);
}

#[tokio::test]
async fn a_job_that_comes_twice_posts_nothing_the_second_time() {
    let stage = Stage::default();
    let callers = crowd(&stage, 8).await;
    publish(&stage, vec![in_group("m1", "n:hub", TO_ALL)]).await;
    publish(&stage, jobs(&stage)).await;
    let report = publish(&stage, jobs(&stage)).await;
    assert!(report.failed.is_empty());
    assert_eq!(report.tally.posts, 0);
    all_called(&stage, &callers, &["t"]);
}

#[tokio::test]
async fn the_decision_for_jobs_is_written_first_and_made_once() {
    let stage = Stage::default();
    let callers = crowd(&stage, 8).await;
    stage.queue.fault("enqueue_jobs", Fault::Unavailable);
    let first = in_group("m1", "n:hub", TO_ALL);
    let report = publish(&stage, vec![first.clone()]).await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(stage.store.progress_rows()["m1/0"].0.rest, Rest::Jobs("m1/0".to_owned()));

    // Those who are left would now be few.
    for caller in callers.iter().skip(2) {
        hubcast_membership::membership::disconnect(&stage.store, &caller.socket, START)
            .await
            .expect("a table");
    }
    stage.queue.heal();
    let report = publish(&stage, vec![again(&first)]).await;
    assert_eq!((report.tally.handed_on, report.tally.posts), (1, 0));
    publish(&stage, jobs(&stage)).await;
    all_called(&stage, &callers[..2], &["t"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_goes_on_with_those_it_could_not_reach() {
    let stage = Stage::default();
    let callers = crowd(&stage, 12).await;
    publish(&stage, vec![in_group("m1", "n:hub", TO_ALL)]).await;
    stage.gateway.always(&callers[0].socket, Answer::Throttled);
    let report = publish(&stage, jobs(&stage)).await;
    assert_eq!(report.failed.len(), 1);
    all_called(&stage, &callers[1..], &["t"]);
    stage.gateway.heal();
    let held: Vec<QueuedMessage> =
        jobs(&stage).into_iter().filter(|job| report.failed.contains(&job.id)).collect();
    let report = publish(&stage, held.iter().map(again).collect()).await;
    assert!(report.failed.is_empty());
    assert_eq!(report.tally.posts, 1);
    all_called(&stage, &callers, &["t"]);
}

#[tokio::test(start_paused = true)]
async fn later_jobs_of_a_shard_wait_for_the_earlier_ones() {
    let stage = Stage::default();
    let callers = crowd(&stage, 8).await;
    for (id, body) in [("m1", TO_ALL), ("m2", r#"{"target":"u"}"#)] {
        publish(&stage, vec![in_group(id, "n:hub", body)]).await;
    }
    stage.gateway.always(&callers[0].socket, Answer::Throttled);
    let report = publish(&stage, jobs(&stage)).await;
    assert_eq!(report.failed.len(), 2, "the failed one and its follower");
    stage.gateway.heal();
    let held: Vec<QueuedMessage> =
        jobs(&stage).into_iter().filter(|job| report.failed.contains(&job.id)).collect();
    publish(&stage, held.iter().map(again).collect()).await;
    all_called(&stage, &callers, &["t", "u"]);
}

/// Those of a job's sockets that are in the hub's shard of this one, itself first.
fn neighbours(callers: &[Caller], of: &Caller) -> Vec<Caller> {
    let counts = ShardCounts::default();
    let shard = |caller: &Caller| counts.hub_key(&caller.admission.principal.hub, &caller.socket);
    let others = callers.iter().filter(|caller| caller.socket != of.socket);
    let near = others.filter(|caller| shard(caller) == shard(of));
    [of].into_iter().chain(near).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn one_stuck_socket_delays_nobody_else_of_its_shard() {
    let stage = Stage::default();
    let callers = crowd(&stage, 20).await;
    let shard = neighbours(&callers, &callers[0]);
    assert!(shard.len() > 1);
    for (id, body) in [("m1", TO_ALL), ("m2", r#"{"target":"u"}"#), ("m3", r#"{"target":"v"}"#)] {
        publish(&stage, vec![in_group(id, "n:hub", body)]).await;
    }
    stage.gateway.always(&shard[0].socket, Answer::Throttled);
    let began = tokio::time::Instant::now();
    let report = publish(&stage, jobs(&stage)).await;
    assert_eq!(report.failed.len(), 3);
    all_called(&stage, &shard[1..], &["t", "u", "v"]);
    all_called(&stage, &shard[..1], &[]);
    assert!(began.elapsed() <= std::time::Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_an_earlier_job_left_gets_nothing_of_a_later_one_before() {
    let stage = Stage::default();
    let callers = crowd(&stage, 20).await;
    for (id, body) in [("m1", TO_ALL), ("m2", r#"{"target":"u"}"#)] {
        publish(&stage, vec![in_group(id, "n:hub", body)]).await;
    }
    stage.gateway.answer_for(&callers[0].socket, [Answer::Failed; 2]);
    let report = publish(&stage, jobs(&stage)).await;
    assert_eq!(report.failed.len(), 2);
    all_called(&stage, &callers[..1], &[]);
    let held: Vec<QueuedMessage> =
        jobs(&stage).into_iter().filter(|job| report.failed.contains(&job.id)).collect();
    assert!(publish(&stage, held.iter().map(again).collect()).await.failed.is_empty());
    all_called(&stage, &callers, &["t", "u"]);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_many_fail_in_is_not_read_again_for_later_jobs() {
    let stage = Stage::default();
    let callers = crowd(&stage, 20).await;
    let shard = neighbours(&callers, &callers[0]);
    for (id, body) in [("m1", TO_ALL), ("m2", r#"{"target":"u"}"#)] {
        publish(&stage, vec![in_group(id, "n:hub", body)]).await;
    }
    for caller in &shard[1..] {
        stage.gateway.always(&caller.socket, Answer::Throttled);
    }
    let report = publish(&stage, jobs(&stage)).await;
    assert_eq!(report.failed.len(), 2);
    all_called(&stage, &shard[..1], &["t"]);
}

#[tokio::test]
async fn someone_in_several_big_groups_gets_it_once() {
    let stage = Stage::default();
    let mut callers = Vec::new();
    for n in 0..6 {
        let user = format!("u{n}");
        for group in ["a", "b"] {
            stage.put_membership(&user, group, hubcast_model::access::Standing::Member).await;
        }
        callers.push(stage.user(&format!("s{n}="), &user).await);
    }
    let body = r#"{"groupNames":["a","b"],"target":"t"}"#;
    let report = publish(&stage, vec![in_group("m1", "g", body)]).await;
    assert_eq!(report.tally.jobs, 1);
    publish(&stage, jobs(&stage)).await;
    all_called(&stage, &callers, &["t"]);
}

#[tokio::test]
async fn excluded_connections_and_expired_elements_are_left_out_of_jobs_too() {
    let stage = Stage::default();
    let callers = crowd(&stage, 6).await;
    let body =
        r#"{"target":"t","excludedConnectionIds":["s0="],"expiresAt":"2026-11-23T10:00:30Z"}"#;
    publish(&stage, vec![in_group("m1", "g", body)]).await;
    let jobs = jobs(&stage);
    publish(&stage, jobs.clone()).await;
    all_called(&stage, &callers[..1], &[]);
    all_called(&stage, &callers[1..], &["t"]);

    publish(&stage, vec![in_group("m2", "g", body)]).await;
    stage.clock.advance(std::time::Duration::from_secs(31));
    let late = self::jobs(&stage).into_iter().skip(jobs.len()).collect();
    let report = publish(&stage, late).await;
    assert_eq!((report.tally.expired, report.tally.posts), (4, 0));
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_a_dead_letter() {
    let stage = Stage::default();
    let bad = [r#"{"job":7}"#, r#"{"job":{"key":"k","channels":[]},"element":{"usr":1}}"#];
    let messages = bad.iter().map(|body| in_group(body, body, body)).collect();
    let report = publish(&stage, messages).await;
    assert!(report.failed.is_empty());
    assert_eq!(report.tally.rejected, 2);
    let mut reasons: Vec<&str> = stage.queue.letters().iter().map(|letter| letter.reason).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["NotJson", "UnknownProperty"]);
}

#[tokio::test]
async fn who_joins_again_after_the_shards_changed_gets_it_once() {
    let stage = Stage::default();
    let callers = crowd(&stage, 8).await;
    let add =
        r#"{"action":"add","groupName":"g","userIds":["u0","u1","u2","u3","u4","u5","u6","u7"]}"#;
    for group in [1, 3] {
        let publisher = stage.publisher_with(ShardCounts { group, hub: 4 });
        let report = publisher.publish(vec![in_group("a", "g", add)], INVOCATION).await;
        assert!(report.failed.is_empty());
    }
    let body = r#"{"groupName":"g","target":"t"}"#;
    publish(&stage, vec![in_group("m1", "g", body)]).await;
    publish(&stage, jobs(&stage)).await;
    all_called(&stage, &callers, &["t"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_given_up_again_after_a_redrive_makes_another_dead_letter() {
    let stage = Stage::default();
    let callers = crowd(&stage, 4).await;
    publish(&stage, vec![in_group("m1", "g", r#"{"userIds":["u0","u1","u2","u3"],"target":"t"}"#)])
        .await;
    for caller in &callers {
        stage.gateway.always(&caller.socket, Answer::Throttled);
    }
    stage.clock.advance(std::time::Duration::from_secs(3601));
    let report = publish(&stage, jobs(&stage)).await;
    assert!(report.failed.is_empty());
    let letters = stage.queue.letters();
    let redriven = letters.iter().enumerate().map(|(n, letter)| QueuedMessage {
        progress_key: Some(letter.progress_key.clone()),
        ..in_group(&format!("r{n}"), &letter.group, &letter.body)
    });
    let report = publish(&stage, redriven.collect()).await;
    assert!(report.failed.is_empty());
    // Of two letters with one key the queue would keep the first.
    assert_eq!(stage.queue.letters().len(), 2 * letters.len());
}
