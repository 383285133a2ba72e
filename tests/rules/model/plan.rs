//! What happens in a history.

use std::fmt;
use std::time::Duration;

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
    Arrive {
        wrapping: Wrapping,
        elements: Vec<Element>,
        /// When the service sends the message a second time.
        again: Option<Duration>,
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

/// What a service of AWS puts around a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapping {
    Raw,
    Topic,
    Event,
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
