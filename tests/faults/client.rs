//! A client of the stack: a WebSocket that remembers what it was called.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// The longest that anything takes here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const SHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Client {
    /// What the gateway calls it.
    pub(crate) socket: String,
    heard: Arc<Heard>,
    _reading: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Heard {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    records: Vec<Value>,
    is_ended: bool,
}

impl Client {
    /// Opens a connection and shakes hands; who it is to the gateway is told later.
    pub(crate) async fn open(url: &str) -> Self {
        let (mut stream, _) = connect_async(url).await.unwrap();
        stream.send(Message::text(SHAKE)).await.unwrap();
        let heard = Arc::<Heard>::default();
        let mut reading = JoinSet::new();
        let notes = Arc::clone(&heard);
        reading.spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message {
                    notes.note(&text);
                }
            }
            notes.state.lock().unwrap().is_ended = true;
            notes.changed.notify_waiters();
        });
        Self { socket: String::new(), heard, _reading: reading }
    }

    /// The methods that were called, in order.
    pub(crate) fn called(&self) -> Vec<String> {
        let state = self.heard.state.lock().unwrap();
        let targets = state.records.iter().filter_map(|record| record["target"].as_str());
        targets.map(str::to_owned).collect()
    }

    /// Waits until these methods were called, and no others.
    pub(crate) async fn hears(&self, expected: &[&str]) {
        self.until(|| self.called().len() >= expected.len()).await;
        assert_eq!(self.called(), expected);
    }

    /// Waits for the end.
    pub(crate) async fn ends(&self) {
        self.until(|| self.heard.state.lock().unwrap().is_ended).await;
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.heard.state.lock().unwrap().is_ended
    }

    async fn until(&self, holds: impl Fn() -> bool) {
        let wait = async {
            loop {
                let changed = self.heard.changed.notified();
                if holds() {
                    return;
                }
                changed.await;
            }
        };
        let is_in_time = tokio::time::timeout(PATIENCE, wait).await.is_ok();
        assert!(is_in_time, "{} only heard {:?}", self.socket, self.called());
    }
}

impl Heard {
    fn note(&self, frame: &str) {
        let records = frame.split_terminator('\u{1e}');
        let records = records.map(|record| serde_json::from_str(record).unwrap());
        self.state.lock().unwrap().records.extend(records.collect::<Vec<Value>>());
        self.changed.notify_waiters();
    }
}
