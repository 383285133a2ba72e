//! Visits every state that can be reached.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::world::World;

/// The most states of one exploration.
const STATES_MAX: usize = 4_000_000;

/// What an exploration found. It panics where a promise is broken.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    /// In how many states the client has stopped itself.
    pub(crate) stopped: usize,
}

/// How a state was reached first.
struct Visit {
    before: Option<u64>,
    step: String,
}

/// Visits all states that follow a first one, and checks each.
pub(crate) fn explore(start: World) -> Found {
    let mut visits = HashMap::from([(name(&start), Visit { before: None, step: "start".into() })]);
    let mut open = VecDeque::from([start]);
    let mut found = Found { states: 0, stopped: 0 };
    while let Some(world) = open.pop_front() {
        found.states += 1;
        let way = || path(&visits, name(&world)).join("\n");
        assert!(found.states < STATES_MAX, "too many states\n{}", way());
        found.stopped += usize::from(world.client.has_stopped);
        let followers = world.followers();
        if let Err(broken) = world.check(followers.is_empty()) {
            let path = path(&visits, name(&world));
            panic!("{broken}\n{}\n{world:#?}", path.join("\n"));
        }
        for (step, next) in followers {
            visits.entry(name(&next)).or_insert_with(|| {
                open.push_back(next);
                Visit { before: Some(name(&world)), step }
            });
        }
    }
    found
}

fn name(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}

fn path(visits: &HashMap<u64, Visit>, last: u64) -> Vec<String> {
    let mut steps = Vec::new();
    let mut at = Some(last);
    while let Some(visit) = at.and_then(|at| visits.get(&at)) {
        steps.push(format!("  {}", visit.step));
        at = visit.before;
    }
    steps.reverse();
    steps
}
