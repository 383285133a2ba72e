//! How many connections a user may have.

use std::time::Duration;

use hubcast_connection::frames::{AtLimit, ConnectionLimit};
use hubcast_model::channel::ChannelKey;
use hubcast_model::context::Caller;
use hubcast_model::time::Clock;
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::principal::{caller, principal};
use hubcast_testkit::{Answer, Fault, name};
use serde_json::json;
use tokio::time::Instant;

use crate::stage::{ACCEPTED, HUB, SHAKE, Stage, records};

const REFUSED: &str = "The user has too many connections: at most 2 are allowed.";
const EVICTED: &str = "A newer connection of the user took the place of this one.";

fn stage(most: usize, at_limit: AtLimit) -> Stage {
    Stage::with_limit(ConnectionLimit { most, at_limit })
}

/// A user's next connection, a second after the one before, that has not shaken hands.
async fn next(stage: &Stage, socket: &str) -> Caller {
    stage.clock.advance(Duration::from_secs(1));
    let caller =
        Caller { connected_at: stage.clock.now(), ..caller(socket, principal(HUB, "alice")) };
    stage.connect(&caller).await.expect("the socket is let in");
    caller
}

async fn enters(stage: &Stage, socket: &str) -> Caller {
    let caller = next(stage, socket).await;
    assert_eq!(stage.answer(&caller, SHAKE).await, "");
    caller
}

/// The sockets that a message to alice goes to.
fn heard(stage: &Stage) -> Vec<String> {
    let key = ChannelKey::user(&name::hub(HUB), &name::user("alice"));
    let rows = stage.store.rows().into_iter().filter(|row| row.key == key);
    rows.map(|row| row.member.socket.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn one_more_is_refused_by_the_answer_to_its_handshake() {
    let stage = stage(2, AtLimit::Refuse);
    enters(&stage, "s1=").await;
    enters(&stage, "s2=").await;
    let third = next(&stage, "s3=").await;
    let rows = stage.store.rows();
    assert_eq!(stage.answer(&third, SHAKE).await, "");
    stage.assert_refused(&third, REFUSED);
    assert_eq!(stage.store.rows(), rows);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_makes_room_and_is_cut_off_after_it_could_read_why() {
    let stage = stage(2, AtLimit::Evict);
    let [oldest, ..] = [enters(&stage, "s1=").await, enters(&stage, "s2=").await];
    let start = Instant::now();
    enters(&stage, "s3=").await;
    assert_eq!(heard(&stage), ["s2=", "s3="]);
    let [accepted, close] = &stage.gateway.frames(&oldest.socket)[..] else {
        panic!("two frames");
    };
    assert_eq!(accepted, ACCEPTED);
    assert_eq!(records(close), [json!({ "type": 7, "error": EVICTED })]);
    stage.assert_forgotten(&oldest);
    let deletes = stage.gateway.deletes();
    assert_eq!(deletes.len(), 1);
    assert_eq!(deletes[0].0, oldest.socket);
    assert!(deletes[0].1 - start >= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_evicted_client_that_goes_on_is_cut_off_by_its_next_frame() {
    let stage = stage(1, AtLimit::Evict);
    let oldest = enters(&stage, "s1=").await;
    enters(&stage, "s2=").await;
    let before = stage.gateway.deletes().len();
    assert_eq!(
        stage.answer(&oldest, "{\"type\":1,\"target\":\"x\",\"arguments\":[]}\u{1e}").await,
        ""
    );
    assert_eq!(stage.gateway.deletes().len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn sockets_that_are_gone_do_not_count_and_lose_their_rows() {
    for rule in [AtLimit::Evict, AtLimit::Refuse] {
        let stage = stage(2, rule);
        let ghosts = [enters(&stage, "s1=").await, enters(&stage, "s2=").await];
        for ghost in &ghosts {
            stage.gateway.always(&ghost.socket, Answer::Gone);
        }
        enters(&stage, "s3=").await;
        for ghost in &ghosts {
            stage.assert_forgotten(ghost);
            assert!(!stage.gateway.is_deleted(&ghost.socket));
        }
        assert_eq!(heard(&stage), ["s3="]);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_looked_for_below_the_limit() {
    let stage = stage(2, AtLimit::Refuse);
    enters(&stage, "s1=").await;
    enters(&stage, "s2=").await;
    assert_eq!(stage.journal().count("is_connected"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_socket_counts_when_nobody_can_tell_whether_it_is_there() {
    let stage = stage(2, AtLimit::Refuse);
    enters(&stage, "s1=").await;
    enters(&stage, "s2=").await;
    stage.gateway.fault("is_connected", Fault::Unavailable);
    let third = next(&stage, "s3=").await;
    assert_eq!(stage.answer(&third, SHAKE).await, "");
    stage.assert_refused(&third, REFUSED);
}

#[tokio::test(start_paused = true)]
async fn anonymous_connections_have_no_limit() {
    for rule in [AtLimit::Evict, AtLimit::Refuse] {
        let stage = stage(1, rule);
        for socket in ["s1=", "s2=", "s3="] {
            stage.ready(socket, hubcast_testkit::principal::anonymous(HUB)).await;
        }
        assert_eq!(stage.store.sockets().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn users_and_hubs_have_limits_of_their_own() {
    let stage = stage(1, AtLimit::Refuse);
    stage.user("s1=", "alice").await;
    stage.user("s2=", "bob").await;
    stage.ready("s3=", principal("other", "alice")).await;
    assert_eq!(stage.store.sockets().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn of_two_that_enter_at_once_one_stays_whatever_the_order() {
    for rule in [AtLimit::Evict, AtLimit::Refuse] {
        let mut orders = Orders::with_preemptions(2);
        while orders.turn() {
            let stage = stage(1, rule);
            let callers = [next(&stage, "s1=").await, next(&stage, "s2=").await];
            let shake = |caller| -> Flow<'_> {
                let stage = &stage;
                Box::pin(async move {
                    stage.answer(caller, SHAKE).await;
                })
            };
            orders.run(callers.iter().map(shake).collect()).await;
            assert_eq!(heard(&stage).len(), 1, "{rule:?}, order {}", orders.tried());
            assert_eq!(stage.store.orphans(), []);
        }
    }
}
