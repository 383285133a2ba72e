//! The consumers of the queues: Lambda's pollers, and invocations that end as they may.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hubcast_model::ingress::arrived;
use hubcast_model::ports::QueuedMessage;

use hubcast_delivery::{Publish, Report};
use hubcast_testkit::Fifo;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::ledger::{INVOCATION, Invocation, root, units};
use crate::world::{Dice, World};

/// What the function tells its publisher it has, and when Lambda ends it.
const PATIENCE: Duration = Duration::from_secs(29);
const TIMEOUT: Duration = Duration::from_secs(30);
/// So many batches of one queue are worked at once.
const AT_ONCE: usize = 3;
/// A message that was received so often is not handed over needlessly any more.
const REPEATS_MAX: u32 = 20;

/// Hands batches of a queue over to the publisher, for ever.
pub(crate) async fn consume(world: World, queue: Fifo) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await.expect("an open semaphore");
        queue.ready().await;
        let most = world.dice.throw(|rng| rng.usize(1..=10));
        let (mut batch, worn_out) = queue.receive(most);
        for message in &worn_out {
            world.queues.wear_out(message);
        }
        if queue.name() == world.queues.ingress.name() {
            batch = out_of_order(&world, &queue, batch);
        }
        if batch.is_empty() {
            continue;
        }
        let (world, queue) = (world.clone(), queue.clone());
        tokio::spawn(async move {
            invoke(&world, &queue, batch).await;
            drop(slot);
        });
    }
}

/// What a standard queue makes of a batch: any order, and messages that are handed over once more
/// while they are worked.
fn out_of_order(world: &World, queue: &Fifo, mut batch: Vec<QueuedMessage>) -> Vec<QueuedMessage> {
    world.dice.throw(|rng| rng.shuffle(&mut batch));
    for message in &batch {
        if message.receive_count < REPEATS_MAX && world.dice.happens(100) {
            queue.show_after(&message.receipt_handle, Duration::ZERO);
        }
    }
    batch.into_iter().map(arrived).collect()
}

async fn invoke(world: &World, queue: &Fifo, batch: Vec<QueuedMessage>) {
    let at = note_begin(world, &batch);
    let (instance, publisher) = world.publisher();
    let publish = INVOCATION.scope(at, publisher.publish(batch.clone(), PATIENCE));
    let kill = world.with(|instances| instances.weather.kill);
    let polls_left = world.dice.happens(kill).then(|| world.dice.throw(|rng| rng.u32(..120)));
    let publish = Shaky { future: Box::pin(publish), dice: world.dice.clone(), polls_left };
    let time = if polls_left.is_some() { random_time(world) } else { TIMEOUT };
    if let Ok(Some(report)) = tokio::time::timeout(time, publish).await {
        for message in &batch {
            if !report.failed.contains(&message.id) {
                queue.acknowledge(&message.receipt_handle);
            }
        }
        note_report(world, at, &report);
    } else {
        let invocation = &mut world.ledger.open().invocations[at];
        (invocation.is_killed, invocation.is_spoilt) = (true, true);
        world.replace_publisher(instance);
    }
    settle(world);
}

fn random_time(world: &World) -> Duration {
    Duration::from_millis(world.dice.throw(|rng| rng.u64(..30_000)))
}

/// Notes which elements are settled.
pub(crate) fn settle(world: &World) {
    let mut kept = world.queues.notifications.messages();
    kept.extend(world.queues.deliveries.messages());
    kept.extend(world.queues.ingress.messages().into_iter().map(arrived));
    world.ledger.open().settle(&kept, &world.queues.dead_letters.messages());
}

fn note_begin(world: &World, batch: &[QueuedMessage]) -> usize {
    // What became of earlier letters and jobs is in the queues by now.
    settle(world);
    let mut ledger = world.ledger.open();
    let units = batch.iter().map(|message| units(&message.body)).sum();
    let roots = batch.iter().map(root).collect();
    ledger.invocations.push(Invocation { units, roots, ..Invocation::default() });
    ledger.invocations.len() - 1
}

/// What the report says is what the ports saw.
fn note_report(world: &World, at: usize, report: &Report) {
    let mut ledger = world.ledger.open();
    let invocation = &mut ledger.invocations[at];
    invocation.tally = report.tally;
    let told = &report.tally;
    let told = (told.posts, told.delivered, told.throttled, told.ambiguous);
    let Invocation { accepted, delivered, throttled, ambiguous, .. } = *invocation;
    let seen = (accepted, delivered, throttled, ambiguous);
    if told != seen {
        ledger.violation(format!(
            "posts, delivered, throttled, ambiguous: told {told:?}, seen {seen:?}"
        ));
    }
}

/// A flow that others may overtake anywhere, and that may end in mid-flight.
struct Shaky<F> {
    future: Pin<Box<F>>,
    dice: Dice,
    polls_left: Option<u32>,
}

impl<F: Future> Future for Shaky<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(left) = &mut self.polls_left {
            let Some(fewer) = left.checked_sub(1) else {
                return Poll::Ready(None);
            };
            *left = fewer;
        }
        if self.dice.happens(250) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.future.as_mut().poll(context).map(Some)
    }
}

/// Runs a flow that others may overtake anywhere.
pub(crate) async fn shaky<F: Future>(dice: &Dice, future: F) -> F::Output {
    let shaky = Shaky { future: Box::pin(future), dice: dice.clone(), polls_left: None };
    shaky.await.expect("it is not killed")
}

/// Waits until nothing is left in the queues; false when that takes hours.
pub(crate) async fn drained(world: &World) -> bool {
    let end = Instant::now() + Duration::from_hours(2);
    let queues = &world.queues;
    let all = [&queues.notifications, &queues.deliveries, &queues.ingress];
    while !all.iter().all(|queue| queue.is_empty()) {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // Clients that were told to go, and frames on their way, are done by then.
    tokio::time::sleep(Duration::from_secs(10)).await;
    settle(world);
    true
}
