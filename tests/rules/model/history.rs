//! One history, from its plan to its verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use hubcast_connection::frames::AnswerFrames;
use hubcast_model::context::Caller;
use hubcast_model::socket::SocketState;
use tokio::task::JoinSet;

use crate::check::{counters, promises};
use crate::consume::{consume, drained, settle};
use crate::ledger::units;
use crate::perform::{is_good, perform, redrive};
use crate::plan::{Element, GROUPS, Life, Plan, USERS, What, Who};
use crate::send::send;
use crate::world::{HUBS, World};

const PING: &str = "{\"type\":6}\u{1e}";

/// Plays a plan; answers the promises that were broken.
pub(crate) fn play(plan: &Plan) -> Vec<String> {
    // The rules draw their pauses from the thread's own generator.
    fastrand::seed(plan.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let world = World::new(plan);
        let broken = run(plan, &world).await;
        world.heal();
        broken
    })
}

async fn run(plan: &Plan, world: &World) -> Vec<String> {
    let mut consumers = JoinSet::new();
    consumers.spawn(consume(world.clone(), world.queues.notifications.clone()));
    consumers.spawn(consume(world.clone(), world.queues.deliveries.clone()));
    consumers.spawn(consume(world.clone(), world.queues.ingress.clone()));
    let mut tasks = JoinSet::new();
    for step in &plan.steps {
        perform(world, step, &mut tasks).await;
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no flow panics");
    }
    world.heal();
    for _ in 0..4 {
        if !drained(world).await {
            return vec!["the queues are never empty".to_owned()];
        }
        // The publisher's letters say where a redrive goes on.
        if world.queues.dead_letters.messages().iter().any(|letter| letter.progress_key.is_none()) {
            return vec!["a queue gave a message up by itself".to_owned()];
        }
        redrive(world);
    }
    let mut broken = promises(&world.ledger.open(), plan.is_calm());
    if world.queues.dead_letters.messages().iter().any(is_good) {
        broken.push("a dead letter is never delivered".to_owned());
    }
    let enqueued = enqueued(world);
    broken.extend(counters(&world.ledger.open(), enqueued));
    deaf(world, &mut broken).await;
    orphans(world, &mut broken).await;
    broken
}

/// The units that were put on a queue.
fn enqueued(world: &World) -> usize {
    let sent = world.ledger.open().sent.len();
    let jobs: BTreeSet<String> = world.queues.jobs().into_iter().map(|job| job.key).collect();
    let redriven: usize = world.queues.redriven().iter().map(|letter| units(&letter.body)).sum();
    sent + jobs.len() + redriven
}

/// A socket that is connected is on record, or is sent to connect anew when it pings.
async fn deaf(world: &World, broken: &mut Vec<String>) {
    let lives = world.ledger.open().sockets.clone();
    for life in lives.iter().filter(|life| life.ready.is_some()) {
        let socket = &life.caller.socket;
        if !world.sockets.is_open(socket) || hears(world, &life.caller) {
            continue;
        }
        let mut is_told = false;
        for _ in 0..16 {
            // Long enough that each ping is answered, and each time another millisecond.
            tokio::time::sleep(Duration::from_millis(1001)).await;
            let reply = world.frames().answer(&life.caller, PING, Duration::from_secs(20)).await;
            is_told |= reply.contains("\"type\":7") && reply.contains("\"allowReconnect\":true");
            is_told |= !world.sockets.is_open(socket);
        }
        if !is_told {
            broken.push(format!("deaf: {socket} is connected and not on record"));
        }
    }
}

fn hears(world: &World, caller: &Caller) -> bool {
    let socket = world.store.sockets().into_iter().find(|socket| socket.id == caller.socket);
    let rows = world.store.channels_of(&caller.socket);
    let Some(socket) = socket.filter(|socket| socket.state == SocketState::Ready) else {
        return false;
    };
    // A join that failed may have been noted; its client was told.
    socket.channels.iter().all(|key| key.group_of().is_some() || rows.contains(key))
}

/// Once everybody has left and everything was sent something, no row is left.
async fn orphans(world: &World, broken: &mut Vec<String>) {
    let lives = world.ledger.open().sockets.clone();
    for life in &lives {
        world.sockets.hang_up(&life.caller.socket);
    }
    for hub in 0..HUBS.len() {
        let hub = u8::try_from(hub).expect("few hubs");
        let users = (0..USERS).map(|user| Who::Users(vec![user]));
        let groups = (0..GROUPS).map(|group| Who::Groups(vec![group]));
        let sockets = (0..lives.len()).map(Who::Socket);
        for who in users.chain(groups).chain(sockets).chain([Who::Hub]) {
            let life = Life::Endless;
            let what = What::Message { who, excluded: None, life, is_long: false };
            send(world, 0, &[Element { hub, what }]);
        }
    }
    if !drained(world).await {
        broken.push("the queues are never empty in the end".to_owned());
    }
    settle(world);
    let rows = world.store.rows();
    if !rows.is_empty() {
        let keys: Vec<String> =
            rows.iter().map(|row| format!("{} {}", row.key, row.member.socket)).collect();
        broken.push(format!("orphans: {keys:?}"));
    }
}
