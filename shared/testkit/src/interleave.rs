//! Every order of concurrent flows.
//!
//! The ports of this crate give way once before each operation and act at once
//! then. So flows over them have a finite number of orders, and [`Orders`] goes
//! through all that take no more than a number of preemptions: switches away
//! from a flow that could have gone on. Races that need more than two or three
//! of those are rare.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use crate::journal::lock;

/// A flow that is run among others.
pub type Flow<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Lets other flows go first, once.
pub async fn give_way() {
    let mut gave = false;
    poll_fn(|context| {
        if gave {
            return Poll::Ready(());
        }
        gave = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The orders of some flows, one after the other.
#[derive(Debug)]
pub struct Orders {
    preemptions: usize,
    /// What was chosen wherever there was a choice, in the order before this one.
    choices: Vec<Choice>,
    tried: usize,
}

#[derive(Debug)]
struct Choice {
    chosen: usize,
    options: usize,
}

impl Orders {
    /// All orders with at most this many preemptions.
    pub const fn with_preemptions(preemptions: usize) -> Self {
        Self { preemptions, choices: Vec::new(), tried: 0 }
    }

    /// Turns to the next order; false when all were tried.
    pub fn turn(&mut self) -> bool {
        if self.tried > 0 {
            while self.choices.last().is_some_and(|last| last.chosen + 1 == last.options) {
                self.choices.pop();
            }
            let Some(last) = self.choices.last_mut() else {
                return false;
            };
            last.chosen += 1;
        }
        self.tried += 1;
        true
    }

    /// How many orders were tried, this one included.
    pub const fn tried(&self) -> usize {
        self.tried
    }

    /// Runs the flows to their ends, in this order.
    pub async fn run(&mut self, flows: Vec<Flow<'_>>) {
        let mut run = Run {
            preemptions_left: self.preemptions,
            at: 0,
            current: None,
            lanes: flows.into_iter().map(Lane::new).collect(),
        };
        poll_fn(|context| run.poll(&mut self.choices, context)).await;
    }
}

/// A flow, and whether it can go on.
struct Lane<'a> {
    flow: Option<Flow<'a>>,
    signal: Arc<Signal>,
}

impl<'a> Lane<'a> {
    fn new(flow: Flow<'a>) -> Self {
        Self { flow: Some(flow), signal: Arc::default() }
    }

    fn is_ready(&self) -> bool {
        self.flow.is_some() && self.signal.is_on.load(Ordering::SeqCst)
    }

    /// Takes one step; the flow is ready again at once unless it waits for time to pass.
    fn step(&mut self, context: &Context<'_>) {
        self.signal.is_on.store(false, Ordering::SeqCst);
        *lock(&self.signal.parent) = Some(context.waker().clone());
        let waker = Waker::from(Arc::clone(&self.signal));
        let flow =
            self.flow.as_mut().map(|flow| flow.as_mut().poll(&mut Context::from_waker(&waker)));
        if flow.is_some_and(|poll| poll.is_ready()) {
            self.flow = None;
        }
    }
}

/// Notes that a flow can go on.
struct Signal {
    is_on: AtomicBool,
    parent: Mutex<Option<Waker>>,
}

impl Default for Signal {
    fn default() -> Self {
        Self { is_on: AtomicBool::new(true), parent: Mutex::new(None) }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.is_on.store(true, Ordering::SeqCst);
        if let Some(parent) = lock(&self.parent).as_ref() {
            parent.wake_by_ref();
        }
    }
}

struct Run<'a> {
    preemptions_left: usize,
    /// The next choice.
    at: usize,
    /// The lane that went last.
    current: Option<usize>,
    lanes: Vec<Lane<'a>>,
}

impl Run<'_> {
    fn poll(&mut self, choices: &mut Vec<Choice>, context: &Context<'_>) -> Poll<()> {
        while self.lanes.iter().any(|lane| lane.flow.is_some()) {
            let Some(next) = self.choose(choices) else {
                return Poll::Pending;
            };
            self.current = Some(next);
            if let Some(lane) = self.lanes.get_mut(next) {
                lane.step(context);
            }
        }
        Poll::Ready(())
    }

    /// The lane to go next; none when all of them wait for time to pass.
    fn choose(&mut self, choices: &mut Vec<Choice>) -> Option<usize> {
        let ready = |at: &usize| self.lanes.get(*at).is_some_and(Lane::is_ready);
        let going = self.current.filter(ready);
        if self.preemptions_left == 0 && going.is_some() {
            return going;
        }
        let others = (0..self.lanes.len()).filter(|at| ready(at) && Some(*at) != going);
        let options: Vec<usize> = going.into_iter().chain(others).collect();
        let [_, _, ..] = options.as_slice() else {
            return options.first().copied();
        };
        if choices.len() == self.at {
            choices.push(Choice { chosen: 0, options: options.len() });
        }
        let chosen = choices.get(self.at).and_then(|choice| options.get(choice.chosen)).copied();
        self.at += 1;
        if going.is_some() && chosen != going {
            self.preemptions_left -= 1;
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    async fn orders(preemptions: usize) -> (usize, BTreeSet<String>) {
        let mut orders = Orders::with_preemptions(preemptions);
        let mut seen = BTreeSet::new();
        while orders.turn() {
            let text = Mutex::new(String::new());
            let flow = |name: char| -> Flow<'_> {
                let text = &text;
                Box::pin(async move {
                    for _ in 0..2 {
                        give_way().await;
                        lock(text).push(name);
                    }
                })
            };
            orders.run(vec![flow('a'), flow('b')]).await;
            seen.insert(lock(&text).clone());
        }
        (orders.tried(), seen)
    }

    #[tokio::test]
    async fn without_preemptions_flows_run_one_after_the_other() {
        let (tried, seen) = orders(0).await;
        assert_eq!(tried, 2);
        assert_eq!(seen, BTreeSet::from(["aabb".to_owned(), "bbaa".to_owned()]));
    }

    #[tokio::test]
    async fn with_enough_preemptions_every_order_is_tried() {
        let (_, seen) = orders(6).await;
        assert_eq!(seen.len(), 6);
    }
}
