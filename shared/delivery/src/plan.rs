//! Who gets what in which order: the merge of a batch per socket.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use hubcast_membership::replay::Replay;
use hubcast_model::channel::ChannelKey;
use hubcast_model::frame::{Frame, coalesce};
use hubcast_model::id::SocketId;

/// Which element of which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ItemRef {
    pub(super) message: usize,
    pub(super) item: usize,
}

/// One record, on its way to any number of sockets. Serialised once.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) item: ItemRef,
    pub(super) record: Bytes,
    /// Whether it ends the connection.
    pub(super) ends: bool,
    /// Whether it is a retained value for who has just come.
    pub(super) is_replay: bool,
}

/// Where a socket was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) socket: SocketId,
    pub(super) key: Option<ChannelKey>,
}

/// The ordered list of every socket.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) parcels: Vec<Parcel>,
    pub(super) lists: BTreeMap<SocketId, Vec<usize>>,
    /// The channel rows that led to a socket, to be deleted if it is gone.
    pub(super) found_by: BTreeMap<SocketId, BTreeSet<ChannelKey>>,
    /// The retained values among the records, which may be old when they are posted.
    pub(super) shown: Vec<Shown>,
}

/// Retained values that an element shows to sockets.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) item: ItemRef,
    pub(super) sockets: Vec<Found>,
    pub(super) replay: Replay,
}

impl Plan {
    /// Adds a record for these sockets, after all that was added before.
    pub(super) fn add(&mut self, parcel: Parcel, sockets: Vec<Found>) {
        let at = self.parcels.len();
        self.parcels.push(parcel);
        for found in sockets {
            if let Some(key) = found.key {
                self.found_by.entry(found.socket.clone()).or_default().insert(key);
            }
            self.lists.entry(found.socket).or_default().push(at);
        }
    }

    /// Adds retained values for these sockets.
    pub(super) fn show(&mut self, item: ItemRef, records: Vec<String>, sockets: &[Found]) {
        for record in records {
            let record = Bytes::from(record);
            self.add(Parcel { item, record, ends: false, is_replay: true }, sockets.to_vec());
        }
    }

    /// Adds the record of an element, which is there already, for more sockets.
    pub(super) fn again(&mut self, item: ItemRef, sockets: Vec<Found>) {
        let known = self.parcels.iter().find(|parcel| parcel.item == item);
        let Some(record) = known.map(|parcel| parcel.record.clone()) else {
            return;
        };
        self.add(Parcel { item, record, ends: false, is_replay: false }, sockets);
    }

    /// The last element that each socket gets something of.
    pub(super) fn last_items(&self) -> BTreeMap<SocketId, ItemRef> {
        let last = |list: &Vec<usize>| {
            list.iter().filter_map(|at| self.parcels.get(*at)).map(|parcel| parcel.item).max()
        };
        let lists = self.lists.iter();
        lists.filter_map(|(socket, list)| Some((socket.clone(), last(list)?))).collect()
    }

    /// The frames of every socket. Sockets with the same list share them.
    pub(super) fn frames(&self) -> Vec<(&SocketId, Vec<Frame>)> {
        let mut made: BTreeMap<&[usize], Vec<Frame>> = BTreeMap::new();
        let mut frames = Vec::with_capacity(self.lists.len());
        for (socket, list) in &self.lists {
            let of_list = made.entry(list).or_insert_with(|| self.frames_of(list));
            frames.push((socket, of_list.clone()));
        }
        frames
    }

    fn frames_of(&self, list: &[usize]) -> Vec<Frame> {
        let record = |at: &usize| Some((*at, self.parcels.get(*at)?.record.clone()));
        coalesce(list.iter().filter_map(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(id: &str) -> Found {
        Found { socket: SocketId::parse(id).unwrap(), key: None }
    }

    fn parcel(item: usize, text: &'static str) -> Parcel {
        Parcel {
            item: ItemRef { message: 0, item },
            record: Bytes::from(text),
            ends: false,
            is_replay: false,
        }
    }

    #[test]
    fn every_socket_gets_its_records_in_the_order_of_arrival() {
        let mut plan = Plan::default();
        plan.add(parcel(0, "a"), vec![found("s1"), found("s2")]);
        plan.add(parcel(1, "b"), vec![found("s2")]);
        plan.add(parcel(2, "c"), vec![found("s1"), found("s2")]);
        let bodies: Vec<Bytes> = plan
            .frames()
            .into_iter()
            .flat_map(|(_, frames)| frames)
            .map(|frame| frame.body)
            .collect();
        assert_eq!(bodies, ["ac", "abc"]);
    }
}
