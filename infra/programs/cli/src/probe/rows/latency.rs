//! How long things take, the first apart from the others.

use std::time::Duration;

use futures_util::future::try_join_all;
use hubcast_model::envelope::Content;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{Scene, own};
use crate::probe::answer::{Answer, NoAnswer, Seen};
use crate::probe::dialogue::{Dialogue, is_call};

/// From the first byte to the answer of the handshake.
pub(super) async fn connect(on: &Scene<'_>) -> Answer {
    let mut took = Vec::new();
    for _ in 0..=on.effort.rounds {
        let start = Instant::now();
        let dialogue = on.ready().await?;
        took.push(start.elapsed());
        dialogue.close().await;
    }
    Ok(Seen::info(told(&took)))
}

/// From a ping to its answer.
pub(super) async fn ping(on: &Scene<'_>) -> Answer {
    let mut dialogue = on.ready().await?;
    let mut took = Vec::new();
    for _ in 0..=on.effort.rounds {
        took.push(dialogue.ping().await?);
    }
    Ok(Seen::info(told(&took)))
}

/// Frames that come at once need as many instances of the function; most of the instances are cold.
pub(super) async fn burst(on: &Scene<'_>) -> Answer {
    let dialogues = (0..on.effort.burst).map(|_| on.ready());
    let mut dialogues = try_join_all(dialogues).await?;
    let cold = spread(&try_join_all(dialogues.iter_mut().map(Dialogue::ping)).await?);
    let warm = spread(&try_join_all(dialogues.iter_mut().map(Dialogue::ping)).await?);
    let text = format!("{} pings at once: {cold}; right again: {warm}", on.effort.burst);
    Ok(Seen::info(text))
}

/// From a message in the queue to the client's frame.
pub(super) async fn queue(on: &Scene<'_>) -> Answer {
    let queue = on.queue().await?;
    let mut dialogue = on.ready().await?;
    let id = dialogue.id().await?;
    let content = Content::Message {
        audience: own(&id)?,
        target: "probe".to_owned(),
        arguments: RawValue::from_string("[]".to_owned())
            .map_err(|err| NoAnswer::Failed(err.to_string()))?,
    };
    let mut took = Vec::new();
    for _ in 0..=on.effort.rounds {
        let start = Instant::now();
        on.send(&queue, content.clone()).await?;
        dialogue.await_message(is_call).await?;
        took.push(start.elapsed());
    }
    Ok(Seen::info(told(&took)))
}

fn told(took: &[Duration]) -> String {
    match took.split_first() {
        Some((first, rest)) => format!("first {}; then {}", millis(*first), spread(rest)),
        None => "nothing was measured".to_owned(),
    }
}

fn spread(took: &[Duration]) -> String {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
    };
    let percentile = |percent| at(percent).map_or_else(|| "-".to_owned(), |took| millis(*took));
    format!("p50 {}, p95 {}, p99 {}", percentile(50), percentile(95), percentile(99))
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_apart_from_the_rest() {
        let took: Vec<Duration> =
            [900].into_iter().chain(1..=100).map(Duration::from_millis).collect();
        assert_eq!(told(&took), "first 900.0 ms; then p50 51.0 ms, p95 96.0 ms, p99 100.0 ms");
    }

    #[test]
    fn a_single_measurement_has_no_rest() {
        let once = [Duration::from_millis(7)];
        assert_eq!(told(&once), "first 7.0 ms; then p50 -, p95 -, p99 -");
        assert_eq!(told(&[]), "nothing was measured");
    }
}
