//! What happens in a history, drawn by chance before it begins.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

/// How many users and groups there are; few, so that things meet.
pub(crate) const USERS: u8 = 3;
pub(crate) const GROUPS: u8 = 3;

/// A history to come.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    pub(crate) steps: Vec<Step>,
}

/// How often things go wrong, of a thousand times each.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// A live socket is called gone.
    pub(crate) false_gone: u16,
    pub(crate) throttled: u16,
    /// No answer to a frame that arrives, or does not.
    pub(crate) lost: u16,
    pub(crate) failed: u16,
    /// No answer for five seconds; the frame may arrive until later than that.
    pub(crate) hang: u16,
    pub(crate) unreached: u16,
    pub(crate) slow: u16,
    /// A delete is not answered.
    pub(crate) undeleted: u16,
    pub(crate) table: u16,
    pub(crate) queue: u16,
    /// An invocation ends in mid-flight.
    pub(crate) kill: u16,
    /// `$disconnect` never comes.
    pub(crate) silent: u16,
    /// Of this many sockets of an audience and more, jobs are made.
    pub(crate) direct_max: usize,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Connect {
        user: Option<u8>,
        hub: u8,
        is_claimed: bool,
        token_groups: Vec<u8>,
    },
    Leave {
        socket: usize,
    },
    Call {
        socket: usize,
        is_join: bool,
        group: u8,
    },
    Send {
        lane: u8,
        elements: Vec<Element>,
    },
    Wait(Duration),
    /// From now on instances that start are configured for these.
    Shards {
        group: u16,
        hub: u16,
    },
    Redrive,
    /// A socket takes nothing for so long.
    Stick {
        socket: usize,
        time: Duration,
    },
    /// The table does not answer for so long.
    Outage(Duration),
}

/// An element of a message.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(crate) hub: u8,
    pub(crate) what: What,
}

/// Who an element is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    Socket(usize),
    Users(Vec<u8>),
    Groups(Vec<u8>),
    Hub,
}

/// Whose membership changes: a socket or a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Socket(usize),
    User(u8),
}

/// For how long an element is worth delivering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Endless,
    Soon,
    Past,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Message { who: Who, excluded: Option<usize>, life: Life, is_long: bool },
    Add { subject: Subject, group: u8 },
    Remove { subject: Subject, group: u8 },
    RemoveAll { subject: Subject },
    Close { who: Who, may_return: bool },
    Block { user: u8 },
    Unblock { user: u8 },
    Bad,
}

impl Element {
    /// The element with numbers of sockets that there are.
    pub(crate) fn among(&self, sockets: usize) -> Self {
        let mut element = self.clone();
        let turn = |at: &mut usize| *at %= sockets.max(1);
        match &mut element.what {
            What::Message { who, excluded, .. } => {
                excluded.iter_mut().for_each(turn);
                who.socket_mut().map(turn);
            }
            What::Close { who, .. } => {
                who.socket_mut().map(turn);
            }
            What::Add { subject, .. }
            | What::Remove { subject, .. }
            | What::RemoveAll { subject } => {
                if let Subject::Socket(at) = subject {
                    turn(at);
                }
            }
            What::Block { .. } | What::Unblock { .. } | What::Bad => {}
        }
        element
    }
}

impl Who {
    const fn socket_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Socket(at) => Some(at),
            _ => None,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.weather)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "{step:?}"))
    }
}

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

    /// Whether the only trouble is that one socket gets stuck.
    pub(crate) fn is_calm(&self) -> bool {
        let Weather { false_gone, throttled, lost, failed, hang, .. } = self.weather;
        let Weather { unreached, slow, undeleted, table, queue, kill, .. } = self.weather;
        let outage = self.steps.iter().any(|step| matches!(step, Step::Outage(_)));
        let stuck = self.steps.iter().filter(|step| matches!(step, Step::Stick { .. })).count();
        let posts = false_gone + throttled + lost + failed + hang + unreached + slow + undeleted;
        posts + table + queue + kill == 0 && !outage && stuck <= 1
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
        27..72 => {
            let count = if rng.u8(..4) == 0 { rng.usize(2..5) } else { 1 };
            let elements = (0..count).map(|_| element(rng)).collect();
            Step::Send { lane: rng.u8(..3), elements }
        }
        72..88 => Step::Wait(pause(rng)),
        88..93 => Step::Shards { group: rng.u16(1..4), hub: rng.u16(1..6) },
        93..95 => Step::Redrive,
        95..98 => Step::Stick { socket, time: Duration::from_secs(rng.u64(2..400)) },
        _ if weather.table > 0 => Step::Outage(Duration::from_secs(rng.u64(1..20))),
        _ => Step::Wait(pause(rng)),
    }
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
