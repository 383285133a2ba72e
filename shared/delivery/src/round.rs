//! A round: one time that something is posted, and who gets what in which order.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use hubcast_membership::replay::Replay;
use hubcast_model::channel::ChannelKey;
use hubcast_model::envelope::{Content, Notification};
use hubcast_model::frame::{Frame, coalesce};
use hubcast_model::id::{ConnectionId, HubName, SocketId, UserId};
use hubcast_model::journey::Origin;
use hubcast_model::retention::Source;
use hubcast_model::trace::{self, Traceparent};

/// Which element of which message of a batch. References are in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ElementRef {
    /// The message's number in the batch, from 0.
    pub(crate) message: usize,
    /// The element's number in the message, from 0.
    pub(crate) element: usize,
}

/// What ends connections: a message with an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dismissal {
    /// The hub that the action is for.
    pub(crate) hub: HubName,
    /// The message, by the id that the queue first gave it.
    pub(crate) message_id: String,
    /// The trace within which it was sent.
    pub(crate) trace: Option<Traceparent>,
}

impl Dismissal {
    /// What the element with this progress key ends; `None` when it is no action.
    pub(crate) fn by(notification: &Notification, progress_key: &str) -> Option<Self> {
        let message_id = || Origin::of(progress_key).message_id.to_owned();
        let dismissal = || Self {
            hub: notification.hub.clone(),
            message_id: message_id(),
            trace: trace::current(),
        };
        matches!(notification.content, Content::Action(_)).then(dismissal)
    }
}

/// Whose socket a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The connection.
    pub(crate) connection: ConnectionId,
    /// The user; `None` when anonymous.
    pub(crate) user: Option<UserId>,
}

/// One record on its way to any number of sockets. It is serialised once.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// The element that the record belongs to.
    pub(crate) element: ElementRef,
    /// What a socket gets.
    pub(crate) record: Bytes,
    /// By what the connection ends, when the record tells the client so.
    pub(crate) ended_by: Option<Dismissal>,
    /// Whether the record is a retained value for a newcomer.
    pub(crate) is_replay: bool,
    /// Where the record comes from, if this is the element's own record.
    pub(crate) source: Source,
}

impl Parcel {
    /// A record that ends nothing and replays nothing.
    pub(crate) fn plain(element: ElementRef, record: Bytes) -> Self {
        Self { element, record, ended_by: None, is_replay: false, source: Source::default() }
    }
}

/// A socket that is to get something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The socket.
    pub(crate) socket: SocketId,
    /// The channel row that led to the socket, if one did.
    pub(crate) key: Option<ChannelKey>,
    /// Whose socket it is; `None` when no row was read.
    pub(crate) holder: Option<Holder>,
    /// Whether the socket's client may not have the answer to its handshake yet.
    pub(crate) may_be_joining: bool,
}

impl Target {
    /// Sockets that are known without a row. Nothing says when their handshakes began.
    pub(crate) fn unkeyed(sockets: &[SocketId]) -> Vec<Self> {
        let target = |socket: &SocketId| Self {
            socket: socket.clone(),
            key: None,
            holder: None,
            may_be_joining: true,
        };
        sockets.iter().map(target).collect()
    }
}

/// Retained values that an element shows to newcomers.
#[derive(Debug, Clone)]
pub(crate) struct Showing {
    /// The element.
    pub(crate) element: ElementRef,
    /// The newcomers' sockets.
    pub(crate) targets: Vec<Target>,
    /// The boards with the values, and what of the boards was posted.
    pub(crate) replay: Replay,
}

/// The channel rows that led to each socket. They are deleted when the socket ends.
#[derive(Debug, Default)]
pub(crate) struct Routes(BTreeMap<SocketId, BTreeSet<ChannelKey>>);

impl Routes {
    fn add(&mut self, socket: &SocketId, key: ChannelKey) {
        self.0.entry(socket.clone()).or_default().insert(key);
    }

    /// Adds the routes of another round.
    pub(crate) fn extend(&mut self, other: Self) {
        for (socket, keys) in other.0 {
            self.0.entry(socket).or_default().extend(keys);
        }
    }

    /// The rows that led to a socket.
    pub(crate) fn of(&self, socket: &SocketId) -> Vec<ChannelKey> {
        self.0.get(socket).into_iter().flatten().cloned().collect()
    }
}

/// What is posted in one go: an ordered list of records for every socket.
#[derive(Debug, Default)]
pub(crate) struct Round {
    parcels: Vec<Parcel>,
    /// For each socket the numbers of its parcels.
    lists: BTreeMap<SocketId, Vec<usize>>,
    /// The sockets whose clients may not have the answer to their handshake yet.
    joining: BTreeSet<SocketId>,
    /// Whose sockets those are that are told to go.
    leaving: BTreeMap<SocketId, Holder>,
    /// The rows that led to the sockets.
    pub(crate) routes: Routes,
    /// The retained values among the records, which may be old when they are posted.
    pub(crate) showings: Vec<Showing>,
}

impl Round {
    /// A round of one record.
    pub(crate) fn of(parcel: Parcel, targets: Vec<Target>) -> Self {
        let mut round = Self::default();
        round.add(parcel, targets);
        round
    }

    /// Adds a record for these sockets, after all that was added before.
    pub(crate) fn add(&mut self, parcel: Parcel, targets: Vec<Target>) {
        let at = self.parcels.len();
        let is_farewell = parcel.ended_by.is_some();
        self.parcels.push(parcel);
        for target in targets {
            if let Some(holder) = target.holder.filter(|_| is_farewell) {
                self.leaving.insert(target.socket.clone(), holder);
            }
            if let Some(key) = target.key {
                self.routes.add(&target.socket, key);
            }
            if target.may_be_joining {
                self.joining.insert(target.socket.clone());
            }
            self.lists.entry(target.socket).or_default().push(at);
        }
    }

    /// Adds retained values for newcomers.
    pub(crate) fn show(&mut self, showing: Showing, records: Vec<String>) {
        let element = showing.element;
        for record in records {
            let record = Bytes::from(record);
            let parcel = Parcel { is_replay: true, ..Parcel::plain(element, record) };
            self.add(parcel, showing.targets.clone());
        }
        self.showings.push(showing);
    }

    /// The sockets that are told to go, each with the parcel that says so.
    pub(crate) fn farewells(&self) -> Vec<(&SocketId, &Parcel)> {
        let last = |list: &[usize]| {
            let mut parcels = list.iter().filter_map(|at| self.parcel(*at));
            parcels.find(|parcel| parcel.ended_by.is_some())
        };
        let lists = self.lists.iter();
        lists.filter_map(|(socket, list)| Some((socket, last(list)?))).collect()
    }

    /// Whose socket that is told to go is, as far as this is known.
    pub(crate) fn holder(&self, socket: &SocketId) -> Option<&Holder> {
        self.leaving.get(socket)
    }

    /// The sockets that are told to go, and of which no row said whose they are.
    pub(crate) fn leaving_unknown(&self) -> Vec<SocketId> {
        let farewells = self.farewells().into_iter().map(|(socket, _)| socket);
        farewells.filter(|socket| !self.leaving.contains_key(socket)).cloned().collect()
    }

    /// Notes whose socket is told to go.
    pub(crate) fn know_leaving(&mut self, socket: SocketId, holder: Holder) {
        self.leaving.insert(socket, holder);
    }

    /// The hub of a socket, as a row that led to the socket says: an action may be for all hubs.
    pub(crate) fn hub_of(&self, socket: &SocketId) -> Option<HubName> {
        self.routes.0.get(socket)?.iter().find_map(ChannelKey::hub_name)
    }

    /// A record by its number.
    pub(crate) fn parcel(&self, at: usize) -> Option<&Parcel> {
        self.parcels.get(at)
    }

    /// Where these records come from.
    pub(crate) fn sources(&self, parcels: &[usize]) -> Vec<Source> {
        let source = |at: &usize| self.parcel(*at).map(|parcel| parcel.source.clone());
        parcels.iter().map(|at| source(at).unwrap_or_default()).collect()
    }

    /// Whether a socket's client may not have the answer to its handshake yet.
    pub(crate) fn may_be_joining(&self, socket: &SocketId) -> bool {
        self.joining.contains(socket)
    }

    /// How many sockets get something.
    pub(crate) fn sockets(&self) -> usize {
        self.lists.len()
    }

    /// The last element that each socket gets something of.
    pub(crate) fn last_elements(&self) -> BTreeMap<SocketId, ElementRef> {
        let last = |list: &Vec<usize>| {
            list.iter().filter_map(|at| self.parcel(*at)).map(|parcel| parcel.element).max()
        };
        let lists = self.lists.iter();
        lists.filter_map(|(socket, list)| Some((socket.clone(), last(list)?))).collect()
    }

    /// The frames of every socket. Sockets with the same list share their frames.
    pub(crate) fn frames(&self) -> Vec<(&SocketId, Vec<Frame>)> {
        let mut made: BTreeMap<&[usize], Vec<Frame>> = BTreeMap::new();
        let mut frames = Vec::with_capacity(self.lists.len());
        for (socket, list) in &self.lists {
            let of_list = made.entry(list).or_insert_with(|| self.frames_of(list));
            frames.push((socket, of_list.clone()));
        }
        frames
    }

    fn frames_of(&self, list: &[usize]) -> Vec<Frame> {
        let record = |at: &usize| Some((*at, self.parcel(*at)?.record.clone()));
        coalesce(list.iter().filter_map(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(id: &str) -> Target {
        let socket = SocketId::parse(id).unwrap();
        Target { socket, key: None, holder: None, may_be_joining: false }
    }

    fn parcel(element: usize, text: &'static str) -> Parcel {
        Parcel::plain(ElementRef { message: 0, element }, Bytes::from(text))
    }

    #[test]
    fn every_socket_gets_its_records_in_the_order_of_arrival() {
        let mut round = Round::default();
        round.add(parcel(0, "a"), vec![target("s1"), target("s2")]);
        round.add(parcel(1, "b"), vec![target("s2")]);
        round.add(parcel(2, "c"), vec![target("s1"), target("s2")]);
        let bodies: Vec<Bytes> = round
            .frames()
            .into_iter()
            .flat_map(|(_, frames)| frames)
            .map(|frame| frame.body)
            .collect();
        assert_eq!(bodies, ["ac", "abc"]);
    }

    #[test]
    fn routes_of_several_rounds_add_up() {
        let (one, other) = (ChannelKey::from_key("USER#n#a"), ChannelKey::from_key("HUB#n#0"));
        let keyed = |key: &ChannelKey| Target { key: Some(key.clone()), ..target("s1") };
        let mut routes = Round::of(parcel(0, "a"), vec![keyed(&one)]).routes;
        routes.extend(Round::of(parcel(0, "a"), vec![keyed(&other), keyed(&one)]).routes);
        assert_eq!(routes.of(&target("s1").socket), [other, one]);
        assert!(routes.of(&target("s2").socket).is_empty());
    }
}
