//! How long things take, the first apart from the others.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::time::Instant;

use super::Scene;
use crate::socket::Socket;

/// From the first byte to the answer of the handshake.
pub(super) async fn connect(on: &Scene<'_>) -> Result<String> {
    let mut took = Vec::new();
    for _ in 0..=on.options.rounds {
        let start = Instant::now();
        let socket = on.ready().await?;
        took.push(start.elapsed());
        socket.close().await;
    }
    Ok(told(&took))
}

pub(super) async fn ping(on: &Scene<'_>) -> Result<String> {
    let mut socket = on.ready().await?;
    let mut took = Vec::new();
    for _ in 0..=on.options.rounds {
        took.push(socket.ping().await?);
    }
    Ok(told(&took))
}

/// Frames that come at once need as many instances of the function, most of which are cold.
pub(super) async fn burst(on: &Scene<'_>) -> Result<String> {
    let sockets = (0..on.options.burst).map(|_| on.ready());
    let mut sockets = try_join_all(sockets).await?;
    let cold = spread(&try_join_all(sockets.iter_mut().map(Socket::ping)).await?);
    let warm = spread(&try_join_all(sockets.iter_mut().map(Socket::ping)).await?);
    Ok(format!("{} pings at once: {cold}; right again: {warm}", on.options.burst))
}

pub(super) async fn queue(on: &Scene<'_>) -> Result<String> {
    let queue = on.queue()?;
    let mut socket = on.ready().await?;
    let id = socket.id().await?;
    let envelope = json!({ "hub": on.options.hub, "connectionId": id, "target": "probe" });
    let mut took = Vec::new();
    for _ in 0..=on.options.rounds {
        let start = Instant::now();
        queue.send(&envelope).await?;
        socket.expect(1).await?;
        took.push(start.elapsed());
    }
    Ok(told(&took))
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
