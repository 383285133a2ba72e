//! Steps of a plan, carried out.

use std::time::Duration;

use hubcast_connection::connect::{Connect, ConnectRequest, ConnectSettings, Reception};
use hubcast_connection::frames::AnswerFrames;
use hubcast_model::channel::ShardCounts;
use hubcast_model::context::Admission;
use hubcast_model::context::Caller;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::principal::Principal;
use hubcast_model::settings::{Hubs, Origins, PublicUrl};
use hubcast_model::socket::SocketState;
use hubcast_model::time::Clock;
use hubcast_testkit::name;
use hubcast_testkit::principal::{anonymous, joinable};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::consume::{settle, shaky};
use crate::ledger::{Call, SocketLife};
use crate::plan::Step;
use crate::send::{arrive, arrive_again, send};
use crate::world::{HUBS, World};

const SHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn user_name(user: u8) -> String {
    format!("u{user}")
}

pub(crate) fn group_name(group: u8) -> String {
    format!("g{group}")
}

/// Carries a step out; what takes time goes on among the tasks.
pub(crate) async fn perform(world: &World, step: &Step, tasks: &mut JoinSet<()>) {
    match step {
        Step::Connect { user, hub, is_claimed, token_groups } => {
            let at = note_socket(world, *user, *hub, *is_claimed, token_groups);
            tasks.spawn(enter(world.clone(), at));
        }
        Step::Leave { socket } => {
            if let Some(at) = pick(world, *socket) {
                world.sockets.hang_up(&caller(world, at).socket);
            }
        }
        Step::Call { socket, is_join, group } => {
            if let Some(at) = pick(world, *socket) {
                tasks.spawn(call(world.clone(), at, *is_join, *group));
            }
        }
        Step::Send { lane, elements } => send(world, *lane, elements),
        Step::Arrive { wrapping, elements, again } => {
            let arriving = arrive(world, *wrapping, elements);
            if let Some(pause) = *again {
                tasks.spawn(arrive_again(world.clone(), arriving, pause));
            }
        }
        Step::Wait(time) => tokio::time::sleep(*time).await,
        Step::Shards { group, hub } => {
            world.configure(ShardCounts { group: *group, hub: *hub });
        }
        Step::Redrive => {
            redrive(world);
        }
        Step::Stick { socket, time } => {
            if let Some(at) = pick(world, *socket) {
                world.sockets.stick(&caller(world, at).socket, *time);
            }
        }
        Step::Outage(time) => {
            world.with(|instances| instances.outage_until = Instant::now() + *time);
        }
    }
}

/// The socket that a plan's number stands for.
pub(crate) fn pick(world: &World, number: usize) -> Option<usize> {
    let ledger = world.ledger.open();
    (!ledger.sockets.is_empty()).then(|| number % ledger.sockets.len())
}

fn caller(world: &World, at: usize) -> Caller {
    world.ledger.open().sockets[at].caller.clone()
}

fn note_socket(
    world: &World,
    user: Option<u8>,
    hub: u8,
    is_claimed: bool,
    token_groups: &[u8],
) -> usize {
    let mut ledger = world.ledger.open();
    let at = ledger.sockets.len();
    let socket = name::socket(&format!("s{at}="));
    let own = is_claimed.then(|| format!("c{at}"));
    let connection = own.clone().unwrap_or_else(|| socket.to_string());
    let principal = Principal {
        user: user.map(|user| name::user(&user_name(user))),
        issued_at: world.clock.now(),
        groups: token_groups.iter().map(|group| name::group(&group_name(*group))).collect(),
        connection: own.as_deref().map(name::connection),
        ..anonymous(HUBS[usize::from(hub)])
    };
    let admission = Admission { principal, joinable: joinable("*") };
    let caller = Caller { socket, connected_at: world.clock.now(), admission };
    let begun = ledger.stamp();
    let token_groups = token_groups.to_vec();
    let (answered, ready, ended) = (None, None, None);
    ledger.sockets.push(SocketLife {
        caller,
        hub,
        user,
        connection,
        token_groups,
        begun,
        answered,
        ready,
        ended,
    });
    at
}

/// Connects and shakes hands, as a client does.
async fn enter(world: World, at: usize) {
    let caller = caller(&world, at);
    let principal = &caller.admission.principal;
    let request = ConnectRequest {
        socket: caller.socket.clone(),
        admission: &caller.admission,
        hub: principal.hub.clone(),
        origin: None,
        host: None,
        query: std::collections::BTreeMap::new(),
        connected_at: caller.connected_at,
        is_late: false,
    };
    let settings = ConnectSettings {
        hubs: Hubs::Any,
        origins: Origins::Localhost,
        public_url: PublicUrl::Fixed("https://push.example.com".to_owned()),
        reconnect_grace: Duration::from_mins(10),
        has_upstream: false,
    };
    let reception = Reception::new(world.store.clone(), world.clock, settings);
    let let_in = shaky(&world.dice, reception.connect(request)).await;
    if let_in.is_err() {
        world.ledger.open().end_socket(at);
        return;
    }
    world.sockets.open(&caller.socket);
    let reply = shaky(&world.dice, world.frames().answer(&caller, SHAKE, PATIENCE)).await;
    let is_ready = world
        .store
        .sockets()
        .iter()
        .any(|socket| socket.id == caller.socket && socket.state == SocketState::Ready);
    if reply.is_empty() && is_ready && world.sockets.is_open(&caller.socket) {
        let mut ledger = world.ledger.open();
        // From its answer on the client hears everything, whatever else the handshake took.
        ledger.sockets[at].ready = ledger.sockets[at].answered;
    } else {
        world.sockets.hang_up(&caller.socket);
        world.ledger.open().end_socket(at);
    }
}

/// Calls `JoinGroup` or `LeaveGroup`, as a client does that is ready.
async fn call(world: World, at: usize, is_join: bool, group: u8) {
    let life = world.ledger.open().sockets[at].clone();
    if life.ready.is_none() || !world.sockets.is_open(&life.caller.socket) {
        return;
    }
    let entry = {
        let mut ledger = world.ledger.open();
        let begun = ledger.stamp();
        ledger.calls.push(Call { socket: at, group, is_join, begun, ended: None, is_sure: false });
        ledger.calls.len() - 1
    };
    let target = if is_join { "JoinGroup" } else { "LeaveGroup" };
    let invocation = json!({ "type": 1, "invocationId": "1", "target": target, "arguments": [group_name(group)] });
    let frame = format!("{invocation}\u{1e}");
    let reply = shaky(&world.dice, world.frames().answer(&life.caller, &frame, PATIENCE)).await;
    if reply.contains("\"type\":7") {
        world.sockets.hang_up(&life.caller.socket);
    }
    let mut ledger = world.ledger.open();
    let stamp = ledger.stamp();
    let call = &mut ledger.calls[entry];
    call.ended = Some(stamp);
    call.is_sure = reply == "{\"type\":3,\"invocationId\":\"1\"}\u{1e}";
}

/// Redrives the dead letters that are not bad themselves; answers how many there were.
pub(crate) fn redrive(world: &World) -> usize {
    settle(world);
    world.queues.redrive(is_good)
}

/// Whether a dead letter may be delivered one day.
pub(crate) fn is_good(letter: &QueuedMessage) -> bool {
    !letter.progress_key.as_ref().is_some_and(|key| key.contains("rejected"))
}
