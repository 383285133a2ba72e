//! The messages of one invocation, and what is to be done about each element.
//!
//! A batch says what came in, and what earlier invocations left of that. It
//! does not change afterwards. The ledger says what becomes of each element.

use std::collections::BTreeMap;

use crate::audit;
use crate::job::is_job;
use crate::round::ElementRef;
use crate::settings::FanoutSettings;
use hubcast_model::envelope::{self, Notification, Rejection};
use hubcast_model::frame::check_size;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Progress, QueuedMessage, Rest};
use hubcast_model::producers::Producers;
use hubcast_model::retention::QueuePosition;
use hubcast_model::time::Timestamp;

/// The longest progress key that is used, in bytes. A key of the table holds 2 KB, and senders may
/// write any text into the attribute; hubcast's own keys are shorter.
const PROGRESS_KEY_MAX_BYTES: usize = 1024;

/// The messages of one invocation, in the order of arrival.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The messages.
    pub(crate) messages: Vec<Message>,
}

/// A queue message and its elements.
#[derive(Debug)]
pub(crate) struct Message {
    /// The message's number in the batch, from 0.
    pub(crate) at: usize,
    /// The message as the queue handed it over.
    pub(crate) queued: QueuedMessage,
    /// The elements, in order.
    pub(crate) elements: Vec<Element>,
}

/// One element.
#[derive(Debug)]
pub(crate) struct Element {
    /// The element's JSON; `None` when the whole body is bad.
    pub(crate) json: Option<String>,
    /// The element's progress key in the table.
    pub(crate) key: String,
    /// What is to be done.
    pub(crate) task: Task,
    /// How far earlier invocations came.
    pub(crate) before: Progress,
}

/// What is to be done about an element.
#[derive(Debug)]
pub(crate) enum Task {
    /// To be moved to the dead-letter queue.
    Reject(Rejection),
    /// Nothing: the element is too old to be worth delivering.
    Expired,
    /// Nothing: an earlier invocation finished the element.
    Finished,
    /// To be carried out from the start.
    Start(Box<Notification>),
    /// To be posted to these sockets only.
    Resume(Box<Notification>, Vec<SocketId>),
    /// To be cut into jobs whose keys begin with this; some may be enqueued already.
    Enqueue(Box<Notification>, String),
}

/// One element in its message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    /// Which element it is.
    pub(crate) at: ElementRef,
    /// The message that brought the element.
    pub(crate) message: &'a QueuedMessage,
    /// The element.
    pub(crate) element: &'a Element,
}

impl Case<'_> {
    /// Where the element stands in its queue, or stood.
    pub(crate) fn position(&self) -> QueuePosition {
        if let Some(left) = &self.message.left {
            return left.former.clone();
        }
        QueuePosition::new(&self.message.group, &self.message.sequence, self.at.element)
    }
}

impl Batch {
    /// Reads the messages. Sizes are judged here, before anything is posted.
    pub(crate) fn read(
        messages: Vec<QueuedMessage>,
        settings: &FanoutSettings,
        now: Timestamp,
    ) -> Self {
        let mut batch = Self { messages: Vec::with_capacity(messages.len()) };
        for (at, queued) in messages.into_iter().enumerate() {
            let queued = with_own_key(queued, &settings.producers);
            let elements = elements(&queued, settings, now);
            batch.messages.push(Message { at, queued, elements });
        }
        batch
    }

    /// All elements, in order.
    pub(crate) fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        self.messages.iter().flat_map(Message::cases)
    }

    /// The keys of elements that an earlier invocation may have done a part of.
    pub(crate) fn resumable_keys(&self) -> Vec<String> {
        let redelivered = self.messages.iter().filter(|message| message.is_redelivered());
        let elements = redelivered.flat_map(|message| &message.elements);
        elements.map(|element| element.key.clone()).collect()
    }

    /// Cuts elements down to what is left of them.
    pub(crate) fn resume(&mut self, mut progress: BTreeMap<String, Progress>) {
        for message in &mut self.messages {
            let is_fresh = message.queued.is_redriven();
            for element in &mut message.elements {
                if let Some(mut progress) = progress.remove(&element.key) {
                    progress.fruitless = if is_fresh { 0 } else { progress.fruitless };
                    element.resume(progress);
                }
            }
        }
    }

    /// How many sockets the last try reached with an element that has sockets left.
    pub(crate) fn reached_before(&self) -> usize {
        let lately = self.messages.iter().filter(|message| !message.queued.is_redriven());
        let elements = lately.flat_map(|message| &message.elements);
        let resumed = elements.filter(|element| matches!(element.task, Task::Resume(..)));
        resumed.map(|element| element.before.reached_lately()).max().unwrap_or_default()
    }
}

impl Message {
    /// The elements, in order.
    pub(crate) fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        let case = |(at, element)| Case {
            at: ElementRef { message: self.at, element: at },
            message: &self.queued,
            element,
        };
        self.elements.iter().enumerate().map(case)
    }

    /// Whether an earlier invocation may have done a part of the message.
    pub(crate) const fn is_redelivered(&self) -> bool {
        let QueuedMessage { receive_count, progress_key, repeatable, .. } = &self.queued;
        *receive_count > 1 || progress_key.is_some() || repeatable.is_some()
    }
}

impl Element {
    fn new(json: Option<String>, key: String, task: Task) -> Self {
        Self { json, key, task, before: Progress::default() }
    }

    fn resume(&mut self, progress: Progress) {
        let task = std::mem::replace(&mut self.task, Task::Finished);
        self.task = match (task, &progress.rest) {
            _ if progress.is_finished() => Task::Finished,
            (Task::Start(notification), Rest::Jobs(key)) => {
                Task::Enqueue(notification, key.clone())
            }
            (Task::Start(notification), _) => Task::Resume(notification, progress.left.clone()),
            (other, _) => other,
        };
        self.before = progress;
    }

    /// What the element says, where anything is to be delivered or done.
    pub(crate) fn notification(&self) -> Option<&Notification> {
        match &self.task {
            Task::Start(notification)
            | Task::Resume(notification, _)
            | Task::Enqueue(notification, _) => Some(notification),
            Task::Reject(_) | Task::Expired | Task::Finished => None,
        }
    }
}

/// The message, without a progress key that is not for its sender to use: by a foreign key the
/// progress of another message would be spent. Without a key the message counts as new.
fn with_own_key(mut queued: QueuedMessage, producers: &Producers) -> QueuedMessage {
    let is_trusted = producers.trusts(&queued.sender);
    queued.progress_key =
        queued.progress_key.filter(|key| is_trusted && key.len() <= PROGRESS_KEY_MAX_BYTES);
    queued
}

fn elements(queued: &QueuedMessage, settings: &FanoutSettings, now: Timestamp) -> Vec<Element> {
    let named = queued.progress_key.as_ref().or(queued.repeatable.as_ref());
    let base = named.unwrap_or(&queued.id).clone();
    if is_job(&queued.body) {
        // Whoever is trusted with jobs has them worked as jobs.
        audit::refused_job(queued);
        let rejection = Rejection::not_allowed(&queued.sender, "jobs");
        return vec![Element::new(None, base, Task::Reject(rejection))];
    }
    match envelope::parse(&queued.body, &settings.rules) {
        Err(rejection) => vec![Element::new(None, base, Task::Reject(rejection))],
        Ok(elements) => {
            let keyed = |(at, element)| {
                let element = allowed(queued, at, element, &settings.producers);
                read(format!("{base}/{at}"), element, now)
            };
            elements.into_iter().enumerate().map(keyed).collect()
        }
    }
}

/// The element, rejected when its sender may not produce it.
fn allowed(
    queued: &QueuedMessage,
    at: usize,
    element: envelope::Element,
    producers: &Producers,
) -> envelope::Element {
    let sender = &queued.sender;
    let parsed = element.parsed.and_then(|notification| {
        if producers.allow(sender, &notification) {
            return Ok(notification);
        }
        let (hub, kind) = (&notification.hub, notification.content.kind());
        audit::refused(queued, at, &notification);
        Err(Rejection::not_allowed(sender, format_args!("'{kind}' on the hub '{hub}'")))
    });
    envelope::Element { parsed, ..element }
}

fn read(key: String, element: envelope::Element, now: Timestamp) -> Element {
    let json = Some(element.json.get().to_owned());
    let task = match element.parsed {
        Err(rejection) => Task::Reject(rejection),
        Ok(notification) if notification.expires_at.is_some_and(|end| end <= now) => Task::Expired,
        Ok(notification) => sized(notification),
    };
    Element::new(json, key, task)
}

fn sized(notification: Notification) -> Task {
    match check_size(&notification.content) {
        Ok(()) => Task::Start(Box::new(notification)),
        Err(rejection) => Task::Reject(rejection),
    }
}
