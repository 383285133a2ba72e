//! The messages of one invocation and what is to be done about each element.

use std::collections::BTreeMap;

use super::plan::ItemRef;
use hubcast_model::envelope::{self, Element, EnvelopeRules, Notification, Rejection};
use hubcast_model::frame::check_size;
use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::{Progress, Rest};
use hubcast_model::time::Timestamp;

/// The longest progress key that is used, in bytes. A key of the table holds 2 KB, and senders may
/// write any text into the attribute; hubcast's own keys are shorter.
const PROGRESS_KEY_MAX_BYTES: usize = 1024;

/// The messages of one invocation, in the order of arrival.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) messages: Vec<Message>,
}

/// A queue message and its elements.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) queued: QueuedMessage,
    pub(super) items: Vec<Item>,
    /// Something of it must be done again, so that the queue has to keep it.
    pub(super) held: bool,
    /// What earlier invocations did is not known, so nothing may be done now.
    pub(super) is_unread: bool,
}

impl Batch {
    /// An element by where it stands.
    pub(super) fn item(&self, at: ItemRef) -> Option<&Item> {
        self.messages.get(at.message)?.items.get(at.item)
    }
}

/// One element, and how far it is.
#[derive(Debug)]
pub(super) struct Item {
    /// The element's JSON; `None` when the body as a whole is bad.
    pub(super) json: Option<String>,
    /// Where its progress is kept.
    pub(super) key: String,
    pub(super) work: Work,
    /// How far earlier invocations came with it.
    pub(super) before: Progress,
    pub(super) state: State,
}

/// What this invocation did about an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing, so that it starts where it stood.
    Waiting,
    /// It was taken up: all that is left of it are posts.
    Begun,
    /// Jobs carry it out; all of them are enqueued.
    HandedOn {
        /// How many.
        jobs: usize,
    },
    /// It waits for its user.
    Kept {
        /// How many older messages made room for it.
        dropped: usize,
    },
    /// It could not be taken up.
    Failed,
}

/// What is to be done about an element.
#[derive(Debug)]
pub(super) enum Work {
    /// To be moved to the dead-letter queue.
    Reject(Rejection),
    /// Too old to be worth delivering.
    Expired,
    /// Finished by an earlier invocation.
    Finished,
    /// To be carried out from the start.
    Start(Box<Notification>),
    /// To be posted to these sockets only.
    Resume(Box<Notification>, Vec<SocketId>),
    /// To be cut into jobs whose keys begin with this; some may be enqueued already.
    Enqueue(Box<Notification>, String),
}

impl Batch {
    /// Reads the messages. Sizes are judged here, before anything is posted.
    pub(super) fn read(
        messages: Vec<QueuedMessage>,
        rules: &EnvelopeRules,
        now: Timestamp,
    ) -> Self {
        let read = |queued: QueuedMessage| {
            let items = items(&queued, rules, now);
            Message { queued, items, held: false, is_unread: false }
        };
        Self { messages: messages.into_iter().map(read).collect() }
    }

    /// The keys of elements that an earlier invocation may have done a part of.
    pub(super) fn resumable_keys(&self) -> Vec<String> {
        let redelivered = self.messages.iter().filter(|message| message.is_redelivered());
        let items = redelivered.flat_map(|message| &message.items);
        items.map(|item| item.key.clone()).collect()
    }

    /// Cuts elements down to what is left of them.
    pub(super) fn resume(&mut self, mut progress: BTreeMap<String, Progress>) {
        for message in &mut self.messages {
            let is_fresh = message.queued.is_redriven();
            for item in &mut message.items {
                if let Some(mut progress) = progress.remove(&item.key) {
                    progress.fruitless = if is_fresh { 0 } else { progress.fruitless };
                    item.resume(progress);
                }
            }
        }
    }

    /// How many sockets the try before this one reached with an element that has some left.
    pub(super) fn reached_before(&self) -> usize {
        let lately = self.messages.iter().filter(|message| !message.queued.is_redriven());
        let items = lately.flat_map(|message| &message.items).filter(|item| item.is_resumed());
        items.map(|item| item.before.reached_lately()).max().unwrap_or_default()
    }

    /// Keeps redelivered messages back whose progress is not known, so that nothing is sent twice.
    pub(super) fn hold_redelivered(&mut self) {
        for message in &mut self.messages {
            message.is_unread = message.is_redelivered();
            message.held |= message.is_unread;
        }
    }
}

impl Message {
    const fn is_redelivered(&self) -> bool {
        self.queued.receive_count > 1 || self.queued.progress_key.is_some()
    }
}

impl Item {
    fn new(json: Option<String>, key: String, work: Work) -> Self {
        Self { json, key, work, before: Progress::default(), state: State::Waiting }
    }

    fn resume(&mut self, progress: Progress) {
        let work = std::mem::replace(&mut self.work, Work::Finished);
        self.work = match (work, &progress.rest) {
            _ if progress.is_finished() => Work::Finished,
            (Work::Start(notification), Rest::Jobs(key)) => {
                Work::Enqueue(notification, key.clone())
            }
            (Work::Start(notification), _) => Work::Resume(notification, progress.left.clone()),
            (other, _) => other,
        };
        self.before = progress;
    }

    /// Whether an earlier invocation posted it to some sockets and failed with others.
    pub(super) const fn is_resumed(&self) -> bool {
        matches!(self.work, Work::Resume(..))
    }
}

fn items(queued: &QueuedMessage, rules: &EnvelopeRules, now: Timestamp) -> Vec<Item> {
    let own = queued.progress_key.as_ref().filter(|key| key.len() <= PROGRESS_KEY_MAX_BYTES);
    let base = own.unwrap_or(&queued.id).clone();
    match envelope::parse(&queued.body, rules) {
        Err(rejection) => vec![Item::new(None, base, Work::Reject(rejection))],
        Ok(elements) => {
            let keyed = |(at, element)| item(format!("{base}/{at}"), element, now);
            elements.into_iter().enumerate().map(keyed).collect()
        }
    }
}

fn item(key: String, element: Element, now: Timestamp) -> Item {
    let json = Some(element.json.get().to_owned());
    let work = match element.parsed {
        Err(rejection) => Work::Reject(rejection),
        Ok(notification) if notification.expires_at.is_some_and(|end| end <= now) => Work::Expired,
        Ok(notification) => sized(notification),
    };
    Item::new(json, key, work)
}

fn sized(notification: Notification) -> Work {
    match check_size(&notification.content) {
        Ok(()) => Work::Start(Box::new(notification)),
        Err(rejection) => Work::Reject(rejection),
    }
}
