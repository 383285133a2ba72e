//! Calls of one client that come to several instances at once.

use std::time::Duration;

use hubcast_connection::frames::{AnswerFrames, FrameSettings, Frames};
use hubcast_connection::upstream::Upstream;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_testkit::Fault;
use hubcast_testkit::principal::principal;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Rules, TIMEOUT, Told};
use crate::stage::{HUB, PATIENCE, frame_settings, invoke};

const WAIT: Duration = Duration::from_millis(100);

/// An instance whose calls wait so long for those before them.
fn instance(told: &Told, order_wait: Duration) -> Rules {
    let upstream = Upstream::new(told.backends.clone(), TIMEOUT);
    let ports = told.stage.frame_ports().with_upstream(Some(upstream));
    let settings = FrameSettings { order_wait, ..frame_settings(None) };
    Frames::new(ports, &settings, Shards::new(ShardCounts::default()))
}

fn add(id: &str) -> String {
    invoke(id, "Add", &json!([id]))
}

/// The ids of the calls that backends were told of, in order.
fn ids(told: &Told) -> Vec<String> {
    let calls = told.backends.events().into_iter().filter(|event| event["category"] == "messages");
    calls.map(|event| event["arguments"][0].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_passed_those_before_it_is_put_back() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    let instances = [0; 4].map(|_| instance(&told, WAIT));
    // The frames arrive in the order 3, 0, 2, 1.
    let frames = [(3, 0), (0, 10), (2, 20), (1, 40)];
    let answers = frames.iter().zip(&instances).map(|((id, millis), instance)| async {
        sleep(Duration::from_millis(*millis)).await;
        instance.answer(&alice, &add(&id.to_string()), PATIENCE).await
    });
    futures_util::future::join_all(answers).await;
    assert_eq!(ids(&told), ["0", "1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_predecessor_never_comes_waits_no_longer_than_it_may() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    let start = Instant::now();
    instance(&told, WAIT).answer(&alice, &add("5"), PATIENCE).await;
    assert_eq!((ids(&told), start.elapsed()), (vec!["5".to_owned()], WAIT));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_number_a_first_call_and_an_instance_without_a_wait_never_look() {
    for (frame, wait) in [
        (add(""), WAIT),
        (add("a1"), WAIT),
        (add("007"), WAIT),
        (add("0"), WAIT),
        (add("5"), Duration::ZERO),
    ] {
        let told = Told::default();
        let alice = told.ready("s1=", principal(HUB, "alice")).await;
        let start = Instant::now();
        instance(&told, wait).answer(&alice, &frame, PATIENCE).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "{frame}");
        assert_eq!(told.stage.journal().count("is_noted"), 0, "{frame}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_this_instance_answered_before_is_not_looked_for() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    let (here, start) = (instance(&told, WAIT), Instant::now());
    let own = invoke("0", "GetConnectionId", &json!([]));
    for frame in [own, add("1"), add("2") + &add("3"), add("4")] {
        here.answer(&alice, &frame, PATIENCE).await;
    }
    assert_eq!(ids(&told), ["1", "2", "3", "4"]);
    assert_eq!((told.stage.journal().count("is_noted"), start.elapsed()), (0, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_table_that_does_not_answer_holds_no_call_up() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    told.stage.store.fault("is_noted", Fault::Unavailable);
    let start = Instant::now();
    instance(&told, WAIT).answer(&alice, &add("5"), PATIENCE).await;
    assert_eq!((ids(&told).len(), start.elapsed()), (1, Duration::ZERO));
}

/// The pairs of twenty calls that backends hear in the wrong order, when each frame takes up to 30 ms
/// to an instance of its own, and each operation of the table 1 to 8 ms.
async fn reversed(order_wait: Duration, seed: u64) -> usize {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    let mut rng = fastrand::Rng::with_seed(seed);
    let starts: Vec<Duration> = (0..20).map(|_| Duration::from_millis(rng.u64(..30))).collect();
    told.stage.store.fault_by(move |_| Some(Fault::Slow(Duration::from_millis(rng.u64(1..=8)))));
    let answers = starts.into_iter().enumerate().map(|(id, start)| {
        let (told, alice) = (&told, &alice);
        async move {
            sleep(start).await;
            instance(told, order_wait).answer(alice, &add(&id.to_string()), PATIENCE).await
        }
    });
    futures_util::future::join_all(answers).await;
    let ids: Vec<u32> = ids(&told).iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(ids.len(), 20, "none is lost");
    let pairs = ids
        .iter()
        .enumerate()
        .flat_map(|(at, id)| ids.iter().skip(at + 1).filter(move |later| *later < id));
    pairs.count()
}

#[tokio::test(start_paused = true)]
async fn most_of_the_disorder_is_gone_when_calls_wait() {
    let (mut without, mut with) = (0, 0);
    for seed in 0..20 {
        without += reversed(Duration::ZERO, seed).await;
        with += reversed(Duration::from_secs(1), seed).await;
    }
    println!("of 3,800 pairs {without} are reversed without a wait, and {with} with a wait");
    assert!(with * 10 < without, "{with} of {without}");
}
