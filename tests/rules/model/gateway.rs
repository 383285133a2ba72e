//! Sockets that answer posts by chance, and clients that behave as clients do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use hubcast_membership::membership::disconnect;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_testkit::MemoryStore;
use hubcast_testkit::clock::START;
use hubcast_testkit::interleave::give_way;
use tokio::time::{Instant, sleep};

use crate::ledger::{Post, Shared, invocation};
use crate::plan::Weather;

/// What a socket is told that is ended because it is stalled.
const SEND_OFF: &str = "{\"type\":7,\"allowReconnect\":true}\u{1e}";
/// For how long the adapter waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(crate) struct Sockets {
    store: MemoryStore,
    ledger: Shared,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    weather: Weather,
    open: BTreeMap<SocketId, Open>,
}

/// A socket that is connected.
#[derive(Debug)]
struct Open {
    /// It takes nothing until then.
    stuck_until: Instant,
    has_answer: bool,
}

enum Answer {
    Accepted(Duration),
    Gone,
    Throttled,
    Unreached,
    Lost,
    Failed,
    Hang(Option<Duration>),
}

impl Sockets {
    pub(crate) fn new(seed: u64, weather: Weather, store: MemoryStore, ledger: Shared) -> Self {
        let rng = Rng::with_seed(seed);
        let state = State { rng, weather, open: BTreeMap::new() };
        Self { store, ledger, state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.weather = Weather { silent: state.weather.silent, ..Weather::default() };
        for open in state.open.values_mut() {
            open.stuck_until = Instant::now();
        }
    }

    pub(crate) fn open(&self, socket: &SocketId) {
        let open = Open { stuck_until: Instant::now(), has_answer: false };
        self.state().open.insert(socket.clone(), open);
    }

    pub(crate) fn is_open(&self, socket: &SocketId) -> bool {
        self.state().open.contains_key(socket)
    }

    pub(crate) fn stick(&self, socket: &SocketId, time: Duration) {
        if let Some(open) = self.state().open.get_mut(socket) {
            open.stuck_until = Instant::now() + time;
        }
    }

    /// Ends a socket from either side; mostly `$disconnect` follows.
    pub(crate) fn hang_up(&self, socket: &SocketId) {
        let (was_open, is_silent) = {
            let mut state = self.state();
            let silent = state.weather.silent;
            (state.open.remove(socket).is_some(), state.rng.u16(..1000) < silent)
        };
        if !was_open {
            return;
        }
        let mut ledger = self.ledger.open();
        let at = ledger.socket_at(socket.as_str());
        ledger.end_socket(at);
        if !is_silent {
            let (store, socket) = (self.store.clone(), socket.clone());
            // `$disconnect` is not tried again.
            tokio::spawn(async move { disconnect(&store, &socket, START).await.is_ok() });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrive(&self, post: usize, socket: &SocketId, body: &str) {
        let mut state = self.state();
        let Some(open) = state.open.get_mut(socket) else {
            return;
        };
        let mut ledger = self.ledger.open();
        let is_refusal = body.starts_with("{\"error\":");
        if !open.has_answer && body != "{}\u{1e}" && !is_refusal {
            ledger.violation(format!("{socket} got {body} before the handshake's answer"));
        }
        let stamp = ledger.stamp();
        if !open.has_answer {
            open.has_answer = true;
            let at = ledger.socket_at(socket.as_str());
            ledger.sockets[at].answered = Some(stamp);
        }
        ledger.posts[post].arrived = Some((stamp, Instant::now()));
        if body.contains("\"type\":7") {
            let at = ledger.socket_at(socket.as_str());
            ledger.end_socket(at);
            if state.rng.bool() {
                let (sockets, socket) = (self.clone(), socket.clone());
                let pause = Duration::from_millis(state.rng.u64(..2000));
                tokio::spawn(async move {
                    sleep(pause).await;
                    sockets.hang_up(&socket);
                });
            }
        }
    }

    fn begin(&self, socket: &SocketId, body: &str) -> usize {
        let mut ledger = self.ledger.open();
        let (begun, at) = (ledger.stamp(), ledger.socket_at(socket.as_str()));
        if body == SEND_OFF {
            // It was decided that the socket ends, whether or not it can be told.
            ledger.end_socket(at);
        }
        ledger.posts.push(Post {
            socket: at,
            labels: labels(body),
            invocation: invocation().filter(|_| body != SEND_OFF),
            begun,
            answered: None,
            is_accepted: false,
            arrived: None,
        });
        ledger.posts.len() - 1
    }

    fn answered(&self, post: usize, outcome: &Result<(), PostError>) {
        let mut ledger = self.ledger.open();
        let stamp = ledger.stamp();
        let post = &mut ledger.posts[post];
        (post.answered, post.is_accepted) = (Some(stamp), outcome.is_ok());
        let (socket, records, of) = (post.socket, post.labels.len(), post.invocation);
        if matches!(outcome, Err(PostError::Gone)) {
            ledger.end_socket(socket);
        }
        let Some(invocation) = of else {
            return;
        };
        let invocation = &mut ledger.invocations[invocation];
        match outcome {
            Ok(()) => {
                invocation.accepted += 1;
                invocation.delivered += records;
            }
            Err(PostError::Throttled) => invocation.throttled += 1,
            Err(PostError::Ambiguous(_)) => invocation.ambiguous += 1,
            Err(_) => {}
        }
    }

    fn hang(&self, post: usize, socket: &SocketId, body: String, late: Duration) {
        let (sockets, socket) = (self.clone(), socket.clone());
        tokio::spawn(async move {
            sleep(late).await;
            sockets.arrive(post, &socket, &body);
        });
    }
}

impl ConnectionGateway for Sockets {
    async fn post(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        let body = String::from_utf8_lossy(&frame).into_owned();
        let post = self.begin(socket, &body);
        give_way().await;
        let answer = self.state().answer(socket);
        let outcome = match answer {
            Answer::Accepted(pause) => {
                sleep_if(pause).await;
                if self.is_open(socket) {
                    self.arrive(post, socket, &body);
                    give_way().await;
                    Ok(())
                } else {
                    Err(PostError::Gone)
                }
            }
            Answer::Gone => Err(PostError::Gone),
            Answer::Throttled => Err(PostError::Throttled),
            Answer::Unreached => Err(PostError::Unreached("told to be away".into())),
            Answer::Lost => {
                self.arrive(post, socket, &body);
                Err(PostError::Ambiguous("told to be lost".into()))
            }
            Answer::Failed => Err(PostError::Ambiguous("told to fail".into())),
            Answer::Hang(late) => {
                if let Some(late) = late {
                    self.hang(post, socket, body, late);
                }
                sleep(TIMEOUT).await;
                Err(PostError::Ambiguous("told to hang".into()))
            }
        };
        self.answered(post, &outcome);
        outcome
    }

    async fn is_connected(&self, socket: &SocketId) -> Result<bool, PostError> {
        give_way().await;
        Ok(self.is_open(socket))
    }

    async fn delete(&self, socket: &SocketId) -> Result<(), PostError> {
        give_way().await;
        {
            let mut ledger = self.ledger.open();
            let at = ledger.socket_at(socket.as_str());
            ledger.end_socket(at);
        }
        let fails = {
            let mut state = self.state();
            let undeleted = state.weather.undeleted;
            state.rng.u16(..1000) < undeleted
        };
        if fails {
            return Err(PostError::Ambiguous("told to fail".into()));
        }
        self.hang_up(socket);
        Ok(())
    }
}

async fn sleep_if(pause: Duration) {
    if !pause.is_zero() {
        sleep(pause).await;
    }
}

impl State {
    fn answer(&mut self, socket: &SocketId) -> Answer {
        let Some(open) = self.open.get(socket) else {
            return Answer::Gone;
        };
        if open.stuck_until > Instant::now() {
            return Answer::Throttled;
        }
        let (rng, weather) = (&mut self.rng, &self.weather);
        let mut chance = rng.u16(..1000);
        let mut is = |of: u16| {
            let hit = chance < of;
            chance = chance.saturating_sub(of);
            hit
        };
        if is(weather.false_gone) {
            Answer::Gone
        } else if is(weather.throttled) {
            Answer::Throttled
        } else if is(weather.lost) {
            Answer::Lost
        } else if is(weather.failed) {
            Answer::Failed
        } else if is(weather.unreached) {
            Answer::Unreached
        } else if is(weather.hang) {
            Answer::Hang(rng.bool().then(|| Duration::from_millis(rng.u64(..7000))))
        } else if is(weather.slow) {
            Answer::Accepted(Duration::from_millis(rng.u64(..3000)))
        } else {
            Answer::Accepted(Duration::ZERO)
        }
    }
}

/// What the records of a frame are known by.
fn labels(body: &str) -> Vec<String> {
    let label = |record: &str| -> String {
        let value: serde_json::Value = serde_json::from_str(record).expect("JSON");
        let text = value["target"].as_str().or_else(|| value["error"].as_str());
        text.unwrap_or(record).to_owned()
    };
    body.split_terminator('\u{1e}').map(label).collect()
}
