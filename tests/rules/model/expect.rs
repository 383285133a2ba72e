//! Who may and who must get an element, from what happened when.
//!
//! A change that ended before an element was sent counts, and so does one that
//! stands before it in its message group. What was going on at the same time
//! may count or not.

use crate::ledger::{Lane, Ledger, SentElement, SocketLife};
use crate::plan::{Life, Subject, What, Who};

/// Whether a socket may get an element, and whether it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) may: bool,
    pub(crate) must: bool,
}

const NO: Expected = Expected { may: false, must: false };

/// A change of one socket's membership in one group; `None` when its result is not known.
#[derive(Debug, Clone, Copy)]
struct Change {
    is_in: Option<bool>,
    begun: u64,
    ended: Option<u64>,
    /// Its place in a lane.
    place: Option<(Lane, usize)>,
    by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Entry,
    User,
    Socket,
}

impl Change {
    fn is_before(&self, other: &Self) -> bool {
        if let (Some((lane, at)), Some((other_lane, other_at))) = (self.place, other.place)
            && lane == other_lane
        {
            return at < other_at;
        }
        self.ended.is_some_and(|ended| ended < other.begun)
    }
}

/// What an element means for a socket.
pub(crate) fn expected(ledger: &Ledger, at: usize, socket: usize) -> Expected {
    let (sent, life) = (&ledger.sent[at], &ledger.sockets[socket]);
    let (who, excluded) = match &sent.element.what {
        What::Message { who, excluded, .. } => (who.clone(), *excluded),
        What::Close { who, .. } => (who.clone(), None),
        What::Block { user } => (Who::Users(vec![*user]), None),
        _ => return NO,
    };
    let end = sent.ended.unwrap_or(u64::MAX);
    if sent.element.hub != life.hub
        || excluded == Some(socket)
        || sent.life() == Life::Past
        || life.begun > end
    {
        return NO;
    }
    let audience = match who {
        Who::Socket(of) => certain(of == socket),
        Who::Users(users) => certain(life.user.is_some_and(|user| users.contains(&user))),
        Who::Hub => certain(true),
        Who::Groups(groups) => groups.iter().fold(NO, |all, group| {
            let one = in_group(ledger, at, socket, *group);
            Expected { may: all.may || one.may, must: all.must || one.must }
        }),
    };
    let is_there = life.ready.is_some_and(|ready| ready < sent.begun)
        && life.ended.is_none_or(|ended| ended > end);
    let is_due = sent.ended.is_some() && sent.life() == Life::Endless;
    Expected { may: audience.may, must: audience.must && is_there && is_due }
}

const fn certain(is_meant: bool) -> Expected {
    Expected { may: is_meant, must: is_meant }
}

fn in_group(ledger: &Ledger, at: usize, socket: usize, group: u8) -> Expected {
    let sent = &ledger.sent[at];
    let this = Change {
        is_in: None,
        begun: sent.begun,
        ended: sent.ended,
        place: place(sent, at),
        by: By::User,
    };
    // Whoever is looked up again or later may see changes that were sent later.
    let is_fixed = !sent.is_big() && !is_spoilt(ledger, sent);
    let is_after = |change: &Change| {
        if is_fixed { this.is_before(change) } else { this.ended.is_some_and(|e| e < change.begun) }
    };
    let changes = changes(ledger, socket, group);
    let (before, others): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| change.is_before(&this));
    let mut values: Vec<Option<bool>> =
        others.iter().filter(|change| !is_after(change)).map(|change| change.is_in).collect();
    let mut last: Vec<&Change> = before
        .iter()
        .filter(|change| !before.iter().any(|other| change.is_before(other)))
        .collect();
    // Whatever is changed for a user during a handshake counts for its socket.
    if last.iter().any(|change| change.by == By::User) {
        last.retain(|change| change.by != By::Entry);
    }
    values.extend(last.iter().map(|change| change.is_in));
    Expected {
        may: values.iter().any(|value| *value != Some(false)),
        must: values.iter().all(|value| *value == Some(true)),
    }
}

/// Whether some invocation that had to do with it may have left it to be done again.
pub(crate) fn is_spoilt(ledger: &Ledger, sent: &SentElement) -> bool {
    ledger.invocations.iter().any(|invocation| invocation.is_spoilt && invocation.held(sent))
}

fn place(sent: &SentElement, at: usize) -> Option<(Lane, usize)> {
    (!sent.is_dead).then_some((sent.lane, at))
}

/// All changes of a socket's membership, its entry first.
fn changes(ledger: &Ledger, socket: usize, group: u8) -> Vec<Change> {
    let life = &ledger.sockets[socket];
    let entry = Change {
        is_in: entry(ledger, life, group),
        begun: life.begun,
        ended: life.ready,
        place: None,
        by: By::Entry,
    };
    let calls = ledger.calls.iter().filter(|call| (call.socket, call.group) == (socket, group));
    let calls = calls.map(|call| Change {
        is_in: call.is_sure.then_some(call.is_join),
        begun: call.begun,
        ended: call.ended,
        place: None,
        by: By::Socket,
    });
    let sent = ledger.sent.iter().enumerate();
    let sent = sent.filter_map(|(at, sent)| change_by(sent, at, socket, life, group));
    [entry].into_iter().chain(calls).chain(sent).collect()
}

fn change_by(
    sent: &SentElement,
    at: usize,
    socket: usize,
    life: &SocketLife,
    group: u8,
) -> Option<Change> {
    let (subject, of_group, is_in) = sent.change()?;
    if sent.element.hub != life.hub || of_group.is_some_and(|of| of != group) {
        return None;
    }
    let by = match subject {
        Subject::Socket(of) if of == socket => By::Socket,
        Subject::User(user) if life.user == Some(user) => By::User,
        _ => return None,
    };
    // What was done before its handshake was nothing to the socket, or went into its entry.
    let (begun, ended) = (life.begun, sent.ended);
    if ended.is_some_and(|ended| ended < begun) {
        return None;
    }
    let is_during = life.ready.is_none_or(|ready| sent.begun < ready);
    // A removal from all groups is one from those that the user or the socket was in by then.
    let is_known = !is_during || (by == By::User && of_group.is_some());
    let is_in = is_known.then_some(is_in);
    Some(Change { is_in, begun: sent.begun, ended, place: place(sent, at), by })
}

/// Whether the handshake put the socket into a group.
fn entry(ledger: &Ledger, life: &SocketLife, group: u8) -> Option<bool> {
    let has_token = life.token_groups.contains(&group);
    let Some(user) = life.user else {
        return Some(has_token);
    };
    let mut earlier = Vec::new();
    for (at, sent) in ledger.sent.iter().enumerate() {
        let Some((Subject::User(of), of_group, is_in)) = sent.change() else {
            continue;
        };
        let is_other = of_group.is_some_and(|of| of != group);
        if of != user || sent.element.hub != life.hub || is_other {
            continue;
        }
        if life.ready.is_some_and(|ready| sent.begun > ready) {
            continue;
        }
        if sent.ended.is_none_or(|ended| ended > life.begun) {
            return None;
        }
        // It denies only groups that the user was in.
        let value = if of_group.is_none() && has_token { None } else { Some(is_in) };
        let (begun, ended) = (sent.begun, sent.ended);
        earlier.push(Change { is_in: value, begun, ended, place: place(sent, at), by: By::User });
    }
    let mut last = earlier.iter().filter(|c| !earlier.iter().any(|other| c.is_before(other)));
    let Some(first) = last.next() else {
        return Some(has_token);
    };
    first.is_in.filter(|_| last.all(|change| change.is_in == first.is_in))
}
