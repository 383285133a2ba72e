//! How a client ends that broke a limit, or whose frame took too long.

use std::time::Duration;

use hubcast_connection::frames::AnswerFrames;
use hubcast_membership::membership::disconnect;
use hubcast_testkit::Fault;
use hubcast_testkit::clock::START;

use super::{ask, instances, join, limit, ready};
use crate::stage::{PATIENCE, PING, Stage, close};

/// A cut would bring the client back at once.
#[tokio::test(start_paused = true)]
async fn frames_behind_a_limit_do_not_end_the_socket_before_its_close_is_sent() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let others = instances(&stage, 2);
    let flood: String = (0..501).map(ask).collect();
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // The first frame at an instance finds the record, the second what the first found.
        for frames in [&stage.frames, &others[0], &others[0], &others[1], &others[1]] {
            assert_eq!(frames.answer(&alice, &ask(1), PATIENCE).await, "");
        }
        assert!(!stage.gateway.is_deleted(&alice.socket));
    };
    let (reply, ()) = tokio::join!(stage.answer(&alice, &flood), late);
    assert_eq!(reply, limit("the frame holds more than 500 records"));
    stage.clock.advance(Duration::from_secs(3));
    assert_eq!(stage.answer(&alice, PING).await, "");
    assert!(stage.gateway.is_deleted(&alice.socket));
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_runs_out_of_time_ends_its_socket() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.store.fault("note_channels", Fault::Hang);
    let [reply] = stage.replies(&alice, &join("g")).await.try_into().unwrap();
    assert!(close(&reply));
    stage.store.heal();
    for frames in [&stage.frames, &stage.second_frames()] {
        assert_eq!(frames.answer(&alice, &join("g"), PATIENCE).await, "");
        assert!(stage.gateway.is_deleted(&alice.socket));
    }
    disconnect(&stage.store, &alice.socket, START).await.unwrap();
    assert_eq!(stage.store.orphans(), []);
}

/// Nobody else would tell its client.
#[tokio::test(start_paused = true)]
async fn a_close_that_waits_longer_than_its_frame_may_take_becomes_a_cut() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let flood: String = (0..501).map(ask).collect();
    let patience = Duration::from_secs(1);
    assert_eq!(stage.frames.answer(&alice, &flood, patience).await, "");
    assert!(stage.gateway.is_deleted(&alice.socket));
}

/// Two frames at once: one of them finds the mark of the other.
#[tokio::test(start_paused = true)]
async fn frames_that_meet_a_mark_on_its_way_cut_nothing() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let [other] = instances(&stage, 1).try_into().unwrap();
    let flood: String = (0..501).map(ask).collect();
    let slow = Some(Fault::Slow(Duration::from_millis(200)));
    stage.store.fault_next("mark_closed", [None, slow]);
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let behind = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            other.answer(&alice, &ask(1), PATIENCE).await
        };
        let frame = ask(1);
        let (first, second) = tokio::join!(other.answer(&alice, &frame, PATIENCE), behind);
        assert_eq!((first.as_str(), second.as_str()), ("", ""));
        assert!(!stage.gateway.is_deleted(&alice.socket));
    };
    let (reply, ()) = tokio::join!(stage.answer(&alice, &flood), late);
    assert_eq!(reply, limit("the frame holds more than 500 records"));
}
