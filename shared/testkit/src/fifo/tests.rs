use super::*;

fn queue() -> Fifo {
    let settings = FifoSettings { visibility: Duration::from_mins(1), receives_max: 3 };
    Fifo::new("q", VirtualClock::start(), settings)
}

fn sent(group: &str, body: &str) -> Sent {
    let [group, body] = [group.to_owned(), body.to_owned()];
    Sent { group, deduplication_id: body.clone(), body, progress_key: None }
}

fn bodies(messages: &[QueuedMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_mixes_groups_and_locks_them() {
    let queue = queue();
    for (group, body) in [("g", "1"), ("h", "2"), ("g", "3"), ("g", "4")] {
        queue.send(sent(group, body));
    }
    assert_eq!(bodies(&queue.receive(3).0), ["1", "2", "3"]);
    queue.send(sent("i", "5"));
    assert_eq!(bodies(&queue.receive(10).0), ["5"], "g is locked");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_comes_back_in_its_place() {
    let queue = queue();
    for body in ["1", "2", "3"] {
        queue.send(sent("g", body));
    }
    let (batch, _) = queue.receive(3);
    queue.acknowledge(&batch[0].receipt_handle);
    queue.show_after(&batch[1].receipt_handle, Duration::from_secs(1));
    let start = Instant::now();
    queue.ready().await;
    assert_eq!(start.elapsed().as_secs(), 60, "the third one is still in flight");
    let (batch, _) = queue.receive(3);
    assert_eq!(bodies(&batch), ["2", "3"]);
    assert_eq!(batch[0].receive_count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_deduplication_id_counts_for_five_minutes_whatever_became_of_its_message() {
    let queue = queue();
    assert!(queue.send(sent("g", "1")).is_some());
    queue.acknowledge(&queue.receive(1).0[0].receipt_handle);
    assert_eq!(queue.send(sent("g", "1")), None);
    tokio::time::advance(DEDUPLICATION).await;
    assert!(queue.send(sent("g", "1")).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_was_received_too_often_leaves_the_queue() {
    let queue = queue();
    queue.send(sent("g", "1"));
    for _ in 0..3 {
        assert_eq!(queue.receive(1).0.len(), 1);
        queue.ready().await;
    }
    assert_eq!(bodies(&queue.receive(1).1), ["1"]);
    assert!(queue.is_empty());
}
