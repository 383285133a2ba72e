//! The in-memory ports keep the contract that the real adapters keep.

use std::cell::Cell;

use hubcast_testkit::contract::{gateway, queue, store, upstream};
use hubcast_testkit::{
    Answer, MemoryStore, RecordingGateway, RecordingQueue, RecordingUpstream, name,
};

#[tokio::test]
async fn the_memory_store_is_a_table() {
    store::all(&MemoryStore::default()).await;
}

#[tokio::test]
async fn a_memory_store_with_large_pages_is_the_same_table() {
    store::all(&MemoryStore::with_page_size(100)).await;
}

#[tokio::test]
async fn the_recording_gateway_answers_like_sockets() {
    let recording = RecordingGateway::default();
    let told = |id: &str, answer| {
        let socket = name::socket(id);
        recording.always(&socket, answer);
        socket
    };
    let sockets = gateway::Sockets {
        open: told("open=", Answer::Accepted),
        gone: told("gone=", Answer::Gone),
        too_large: told("large=", Answer::TooLarge),
        forbidden: told("forbidden=", Answer::Refused),
        throttled: told("throttled=", Answer::Throttled),
        broken: told("broken=", Answer::Failed),
        silent: told("silent=", Answer::Lost),
    };
    gateway::all(&recording, &sockets).await;
    assert_eq!(recording.frames(&sockets.open), ["{}\u{1e}"]);
    assert_eq!(recording.frames(&sockets.silent), ["{}\u{1e}"]);
    assert!(recording.frames(&sockets.broken).is_empty());
}

#[tokio::test]
async fn the_recording_queue_keeps_letters_like_a_queue() {
    let recording = RecordingQueue::default();
    let arrived = async |group: &str| {
        let letters = recording.letters().into_iter().filter(|letter| letter.group == group);
        letters.map(queue::Arrived::from).collect()
    };
    queue::all(&recording, arrived).await;
}

#[tokio::test]
async fn the_recording_queues_to_backends_take_events_like_queues() {
    let recording = RecordingUpstream::default();
    let (seen, reminded) = (Cell::new(0), Cell::new(0));
    let new_events = async || {
        let told = recording.told();
        told.iter().skip(seen.replace(told.len())).map(|told| told.body.clone()).collect()
    };
    let new_reminders = async || {
        let all = recording.reminders();
        all.iter().skip(reminded.replace(all.len())).map(|(body, _)| body.clone()).collect()
    };
    upstream::all(&recording, new_events, new_reminders).await;
}
