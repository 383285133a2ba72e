//! What happened in a history, in the order in which it did.
//!
//! Stamps count events. An operation has the stamps of its begin and its end,
//! so that it is known which came before which and which were concurrent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hubcast_delivery::Tally;
use hubcast_model::context::Caller;
use hubcast_model::ports::QueuedMessage;
use tokio::time::Instant;

use crate::plan::{Element, Life, Subject, What};

tokio::task_local! {
    /// The invocation that is running.
    pub(crate) static INVOCATION: usize;
}

/// The invocation that is running; `None` outside of the publisher.
pub(crate) fn invocation() -> Option<usize> {
    INVOCATION.try_with(|at| *at).ok()
}

/// One ledger, for all who write into it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    pub(crate) fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    stamp: u64,
    pub(crate) sockets: Vec<SocketLife>,
    pub(crate) calls: Vec<Call>,
    pub(crate) sent: Vec<SentElement>,
    pub(crate) posts: Vec<Post>,
    pub(crate) invocations: Vec<Invocation>,
    /// The ids of messages that came again when nothing was left of the first.
    pub(crate) repeats: BTreeSet<String>,
    pub(crate) violations: Vec<String>,
}

/// The life of a socket.
#[derive(Debug, Clone)]
pub(crate) struct SocketLife {
    pub(crate) caller: Caller,
    pub(crate) hub: u8,
    pub(crate) user: Option<u8>,
    pub(crate) connection: String,
    pub(crate) token_groups: Vec<u8>,
    pub(crate) begun: u64,
    /// When the answer to its handshake arrived.
    pub(crate) answered: Option<u64>,
    /// The same for a socket whose handshake came through: from then on it hears everything.
    pub(crate) ready: Option<u64>,
    /// From when on it need not hear anything more.
    pub(crate) ended: Option<u64>,
}

/// A client that joined or left a group by itself.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) socket: usize,
    pub(crate) group: u8,
    pub(crate) is_join: bool,
    pub(crate) begun: u64,
    pub(crate) ended: Option<u64>,
    pub(crate) is_sure: bool,
}

/// Within what order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// A message group of the notifications queue.
    Group(u8),
    /// One message of the ingress queue, by its first element.
    Message(usize),
}

/// An element that was put on a queue.
#[derive(Debug, Clone)]
pub(crate) struct SentElement {
    pub(crate) element: Element,
    pub(crate) label: String,
    pub(crate) lane: Lane,
    pub(crate) message: String,
    pub(crate) at: usize,
    pub(crate) begun: u64,
    pub(crate) sent_at: Instant,
    /// When nothing of it was left anywhere.
    pub(crate) ended: Option<u64>,
    /// When jobs of it were seen on their queue first.
    pub(crate) big_at: Option<u64>,
    pub(crate) is_dead: bool,
}

impl SentElement {
    pub(crate) fn is_big(&self) -> bool {
        self.big_at.is_some()
    }

    pub(crate) fn life(&self) -> Life {
        match self.element.what {
            What::Message { life, .. } => life,
            _ => Life::Endless,
        }
    }

    /// The membership that it changes.
    pub(crate) fn change(&self) -> Option<(Subject, Option<u8>, bool)> {
        match self.element.what {
            What::Add { subject, group } => Some((subject, Some(group), true)),
            What::Remove { subject, group } => Some((subject, Some(group), false)),
            What::RemoveAll { subject } => Some((subject, None, false)),
            _ => None,
        }
    }
}

/// A post to a socket.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) socket: usize,
    pub(crate) labels: Vec<String>,
    pub(crate) invocation: Option<usize>,
    pub(crate) begun: u64,
    pub(crate) answered: Option<u64>,
    pub(crate) is_accepted: bool,
    pub(crate) arrived: Option<(u64, Instant)>,
}

/// An invocation of the publisher.
#[derive(Debug, Clone, Default)]
pub(crate) struct Invocation {
    pub(crate) units: usize,
    /// Progress it could not write down, or it was killed: what it did may be done again.
    pub(crate) is_spoilt: bool,
    pub(crate) is_killed: bool,
    /// It tried to send a dead letter.
    pub(crate) has_letter: bool,
    pub(crate) roots: Vec<String>,
    pub(crate) accepted: usize,
    pub(crate) throttled: usize,
    pub(crate) ambiguous: usize,
    pub(crate) delivered: usize,
    pub(crate) tally: Tally,
}

impl Invocation {
    /// Whether an element was in its batch, as a part of its message or for itself.
    pub(crate) fn held(&self, sent: &SentElement) -> bool {
        let own = format!("{}/{}", sent.message, sent.at);
        self.roots.iter().any(|root| *root == sent.message || *root == own)
    }
}

impl Ledger {
    pub(crate) fn stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    pub(crate) fn end_socket(&mut self, at: usize) {
        let stamp = self.stamp();
        self.sockets[at].ended.get_or_insert(stamp);
    }

    pub(crate) fn socket_at(&self, id: &str) -> usize {
        let is_it = |life: &SocketLife| life.caller.socket.as_str() == id;
        self.sockets.iter().position(is_it).expect("a socket of this history")
    }

    pub(crate) fn violation(&mut self, text: impl Into<String>) {
        self.violations.push(text.into());
    }

    /// Notes which elements nothing is left of, from what the queues hold.
    pub(crate) fn settle(&mut self, kept: &[QueuedMessage], letters: &[QueuedMessage]) {
        let stamp = self.stamp();
        let kept = kept.iter().filter(|message| !self.repeats.contains(&message.id));
        let kept: Vec<&QueuedMessage> = kept.collect();
        let open: BTreeSet<String> = kept.iter().copied().chain(letters).map(root).collect();
        let dead: BTreeSet<String> = letters.iter().map(root).collect();
        let big: BTreeSet<String> =
            kept.iter().filter_map(|message| job_key(&message.body)).map(root_of_key).collect();
        for sent in &mut self.sent {
            let own = format!("{}/{}", sent.message, sent.at);
            let holds =
                |roots: &BTreeSet<String>| roots.contains(&own) || roots.contains(&sent.message);
            sent.is_dead |= holds(&dead);
            if big.contains(&own) {
                sent.big_at.get_or_insert(stamp);
            }
            if holds(&open) {
                sent.ended = None;
            } else {
                sent.ended.get_or_insert(stamp);
            }
        }
    }
}

/// What a queue's message is about: a message's id, or that and the place of one element.
pub(crate) fn root(message: &QueuedMessage) -> String {
    let key = job_key(&message.body).map(str::to_owned).or_else(|| message.progress_key.clone());
    let name = message.repeatable.as_ref().unwrap_or(&message.id);
    key.map_or_else(|| name.clone(), |key| root_of_key(&key))
}

/// A key begins with the message's id, or with a name of four parts, and the element's place.
fn root_of_key(key: &str) -> String {
    let parts = if key.starts_with("ingress/") { 5 } else { 2 };
    key.split('/').take(parts).collect::<Vec<_>>().join("/")
}

fn job_key(body: &str) -> Option<&str> {
    body.strip_prefix(r#"{"job":{"key":""#)?.split('"').next()
}

/// How many units a message's body holds.
pub(crate) fn units(body: &str) -> usize {
    let value: Result<serde_json::Value, _> = serde_json::from_str(body);
    value.ok().and_then(|value| value.as_array().map(Vec::len)).unwrap_or(1)
}
