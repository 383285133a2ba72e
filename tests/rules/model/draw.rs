//! Draws a history by chance, before it begins.

use std::time::Duration;

use fastrand::Rng;

use crate::plan::{
    Element, GROUPS, Life, Plan, Step, Subject, USERS, Weather, What, Who, Wrapping,
};

impl Plan {
    /// The history of a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let weather = weather(rng);
        let mut steps = Vec::new();
        for _ in 0..rng.usize(2..6) {
            steps.push(connect(rng));
        }
        steps.push(Step::Wait(Duration::from_secs(1)));
        for _ in 0..rng.usize(8..28) {
            steps.push(step(rng, &weather));
        }
        Self { seed, weather, steps }
    }
}

fn weather(rng: &mut Rng) -> Weather {
    let direct_max = if rng.bool() { rng.usize(..3) } else { 1000 };
    let calm = Weather { direct_max, silent: rng.u16(..300), ..Weather::default() };
    let posts = |rng: &mut Rng, most: u16| Weather {
        false_gone: rng.u16(..=most / 4),
        throttled: rng.u16(..=most * 2),
        lost: rng.u16(..=most),
        failed: rng.u16(..=most),
        hang: rng.u16(..=most / 2),
        unreached: rng.u16(..=most),
        slow: rng.u16(..=most),
        undeleted: rng.u16(..=most * 2),
        ..calm
    };
    match rng.u8(..8) {
        0 | 1 => calm,
        2 | 3 => posts(rng, 60),
        4 => Weather { kill: rng.u16(50..300), ..calm },
        5 => Weather { table: rng.u16(5..60), queue: rng.u16(..200), ..calm },
        6 => Weather { queue: 300, kill: 100, ..posts(rng, 100) },
        _ => Weather { kill: 80, table: 20, queue: 80, ..posts(rng, 200) },
    }
}

fn connect(rng: &mut Rng) -> Step {
    let token_groups = (0..GROUPS).filter(|_| rng.u8(..4) == 0).collect();
    let user = (rng.u8(..6) > 0).then(|| rng.u8(..USERS));
    Step::Connect { user, hub: hub(rng), is_claimed: rng.bool(), token_groups }
}

fn step(rng: &mut Rng, weather: &Weather) -> Step {
    let socket = rng.usize(..8);
    match rng.u8(..100) {
        0..8 => connect(rng),
        8..13 => Step::Leave { socket },
        13..27 => Step::Call { socket, is_join: rng.u8(..3) > 0, group: rng.u8(..GROUPS) },
        27..60 => Step::Send { lane: rng.u8(..3), elements: elements(rng) },
        60..72 => arrive(rng),
        72..88 => Step::Wait(pause(rng)),
        88..93 => Step::Shards { group: rng.u16(1..4), hub: rng.u16(1..6) },
        93..95 => Step::Redrive,
        95..98 => Step::Stick { socket, time: Duration::from_secs(rng.u64(2..400)) },
        _ if weather.table > 0 => Step::Outage(Duration::from_secs(rng.u64(1..20))),
        _ => Step::Wait(pause(rng)),
    }
}

fn elements(rng: &mut Rng) -> Vec<Element> {
    let count = if rng.u8(..4) == 0 { rng.usize(2..5) } else { 1 };
    (0..count).map(|_| element(rng)).collect()
}

fn arrive(rng: &mut Rng) -> Step {
    let wrapping = match rng.u8(..3) {
        0 => Wrapping::Raw,
        1 => Wrapping::Topic,
        _ => Wrapping::Event,
    };
    // Without an id of its service, the same again is another message.
    let again = (wrapping != Wrapping::Raw && rng.bool()).then(|| pause(rng));
    Step::Arrive { wrapping, elements: elements(rng), again }
}

fn pause(rng: &mut Rng) -> Duration {
    match rng.u8(..8) {
        0..5 => Duration::from_millis(rng.u64(..50)),
        5 | 6 => Duration::from_millis(rng.u64(50..5_000)),
        _ => Duration::from_secs(rng.u64(5..400)),
    }
}

fn hub(rng: &mut Rng) -> u8 {
    u8::from(rng.u8(..8) == 0)
}

fn element(rng: &mut Rng) -> Element {
    let (user, group) = (rng.u8(..USERS), rng.u8(..GROUPS));
    let subject = if rng.bool() { Subject::User(user) } else { Subject::Socket(rng.usize(..8)) };
    let what = match rng.u8(..100) {
        0..68 => message(rng),
        68..78 => What::Add { subject, group },
        78..85 => What::Remove { subject, group },
        85..88 => What::RemoveAll { subject },
        88..92 => What::Close { who: who(rng, false), may_return: rng.bool() },
        92 => What::Block { user },
        93..95 => What::Unblock { user },
        _ => What::Bad,
    };
    Element { hub: hub(rng), what }
}

fn message(rng: &mut Rng) -> What {
    let life = match rng.u8(..20) {
        0 => Life::Past,
        1 => Life::Soon,
        _ => Life::Endless,
    };
    let excluded = (rng.u8(..8) == 0).then(|| rng.usize(..8));
    What::Message { who: who(rng, true), excluded, life, is_long: rng.u8(..25) == 0 }
}

fn who(rng: &mut Rng, may_be_all: bool) -> Who {
    match rng.u8(..10) {
        0 | 1 => Who::Socket(rng.usize(..8)),
        2 | 3 => Who::Users(vec![rng.u8(..USERS)]),
        4 => Who::Users((0..USERS).filter(|_| rng.bool()).collect()),
        5 | 6 => Who::Groups(vec![rng.u8(..GROUPS)]),
        7 => Who::Groups((0..GROUPS).filter(|_| rng.bool()).collect()),
        _ if may_be_all => Who::Hub,
        _ => Who::Socket(rng.usize(..8)),
    }
}
