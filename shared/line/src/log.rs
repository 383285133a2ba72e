//! What is sent to the client of a line: numbered records that wait for their acknowledgement.

use std::collections::{BTreeMap, VecDeque};

use hubcast_model::frame::{COALESCED_MAX_BYTES, RECORD_MAX_BYTES};
use hubcast_model::retention::Kept;
use hubcast_model::time::Timestamp;
use signalr_protocol::message::HubMessage;

/// What the Sequence record in front of a frame takes at the most, in bytes.
const SEQUENCE_MAX_BYTES: usize = 64;
/// The most that one record to a line may take, in bytes: a Sequence record stands before it.
pub const LINE_RECORD_MAX_BYTES: usize = RECORD_MAX_BYTES - SEQUENCE_MAX_BYTES;

/// What two times, the number of a record, and the signs between the parts take, in bytes.
const TIMES_AND_SIGNS: usize = 64;

/// Numbered records. The client counts the records that it reads from 1 on, so numbers are not
/// written into records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Log {
    /// The records that are kept, in order.
    pub records: VecDeque<String>,
    /// The number of the first record that is kept, or will be.
    pub first: u64,
    /// The number of the last record that was posted to the socket that counts.
    pub sent: u64,
    /// The number of the last record that the client acknowledged.
    pub acked: u64,
    /// Since when posted records wait for their acknowledgement; `None` when none do.
    pub unacked_since: Option<Timestamp>,
    /// Those of the records, by their numbers, that go to an inbox if the client does not
    /// acknowledge them.
    pub keeping: BTreeMap<u64, Keeping>,
}

/// What becomes of a record that the client does not acknowledge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keeping {
    /// Whose inbox gets the record.
    pub kept: Kept,
    /// When the record came to the line. Connections that the user had then got it too.
    pub at: Timestamp,
}

/// A record that a client did not acknowledge before its line ended, and that goes to an inbox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Left {
    /// The inbox.
    pub keeping: Keeping,
    /// The record.
    pub record: String,
}

/// A frame to post to the socket of a line.
///
/// A frame begins with the number of its first record. So a client drops what it has already, and
/// a frame may be posted twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFrame {
    /// What is posted.
    pub body: String,
    /// The number of the last record in it; that of the last record before it when it has none.
    pub through: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            records: VecDeque::new(),
            first: 1,
            sent: 0,
            acked: 0,
            unacked_since: None,
            keeping: BTreeMap::new(),
        }
    }
}

impl Log {
    /// The number that the next record will get.
    pub fn next(&self) -> u64 {
        self.first + count(self.records.len())
    }

    /// The number of the last record; 0 when there was none.
    pub fn last(&self) -> u64 {
        self.next() - 1
    }

    /// What the records take, and what is kept about them, in bytes.
    pub fn bytes(&self) -> usize {
        let records: usize = self.records.iter().map(String::len).sum();
        records + self.keeping.values().map(|keeping| bytes_about(&keeping.kept)).sum::<usize>()
    }

    /// Whether records wait to be posted.
    pub fn has_unsent(&self) -> bool {
        self.sent < self.last()
    }

    /// Whether a client that has what it acknowledged can be given all that follows.
    pub fn is_whole(&self) -> bool {
        self.first <= self.acked + 1
    }

    /// The records that were not posted to the socket that counts.
    pub fn unsent(&self) -> impl Iterator<Item = &str> {
        let posted = usize::try_from((self.sent + 1).saturating_sub(self.first));
        self.records.iter().skip(posted.unwrap_or(usize::MAX)).map(String::as_str)
    }

    /// The next frame to post: what was not posted, as far as a frame takes it.
    pub fn frame(&self) -> LineFrame {
        let mut body = HubMessage::Sequence { sequence_id: self.sent + 1 }.encode();
        let mut through = self.sent;
        for record in self.unsent() {
            if through > self.sent && body.len() + record.len() > COALESCED_MAX_BYTES {
                break;
            }
            body.push_str(record);
            through += 1;
        }
        LineFrame { body, through }
    }

    /// Adds a record.
    pub(crate) fn push(&mut self, record: &str, keeping: Option<Keeping>) {
        self.keeping.extend(keeping.map(|keeping| (self.next(), keeping)));
        self.records.push_back(record.to_owned());
    }

    /// Drops records that were posted, oldest first, until the others take at most `most` bytes.
    pub(crate) fn make_room(&mut self, most: usize) {
        let mut bytes = self.bytes();
        while bytes > most && self.first <= self.sent {
            bytes -= self.drop_first();
        }
    }

    /// Notes that records up to `through` were posted at `now`.
    pub(crate) fn note_sent(&mut self, through: u64, now: Timestamp) {
        self.sent = self.sent.max(through.min(self.last()));
        if self.sent > self.acked {
            self.unacked_since.get_or_insert(now);
        }
    }

    /// Notes an acknowledgement at `now`, and drops what it covers.
    pub(crate) fn note_acked(&mut self, through: u64, now: Timestamp) {
        if through <= self.acked {
            return;
        }
        self.acked = through;
        // The socket that posted the rest may be another one.
        self.sent = self.sent.max(through);
        while self.first <= through && !self.records.is_empty() {
            self.drop_first();
        }
        self.unacked_since = (self.sent > self.acked).then_some(now);
    }

    /// Goes back to what the client acknowledged: the next frame begins there.
    pub(crate) fn rewind(&mut self) {
        self.sent = self.acked;
        self.unacked_since = None;
    }

    /// Forgets all records; they keep their numbers. Answers those that go to an inbox, in order.
    pub(crate) fn empty(&mut self) -> Vec<Left> {
        let mut left = Vec::new();
        while let Some(record) = self.records.pop_front() {
            let keeping = self.keeping.remove(&self.first);
            left.extend(keeping.map(|keeping| Left { keeping, record }));
            self.first += 1;
        }
        self.unacked_since = None;
        left
    }

    /// Answers how many bytes are free then.
    fn drop_first(&mut self) -> usize {
        let keeping = self.keeping.remove(&self.first);
        self.first += 1;
        let about = keeping.map_or(0, |keeping| bytes_about(&keeping.kept));
        about + self.records.pop_front().map_or(0, |record| record.len())
    }
}

/// What the table takes to hold where a record goes, in bytes: that may be more than the record.
pub(crate) fn bytes_about(kept: &Kept) -> usize {
    let Kept { hub, user, position, .. } = kept;
    let position = position.position().len() + position.group().len();
    TIMES_AND_SIGNS + hub.as_str().len() + user.as_str().len() + position
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn log(records: &[&str]) -> Log {
        let records = records.iter().map(|record| (*record).to_owned()).collect();
        Log { records, ..Log::default() }
    }

    #[test]
    fn a_frame_begins_with_the_number_of_its_first_record() {
        let mut log = log(&["a", "b"]);
        log.note_sent(1, NOW);
        let body = "{\"type\":9,\"sequenceId\":2}\u{1e}b".to_owned();
        assert_eq!(log.frame(), LineFrame { body, through: 2 });
    }

    #[test]
    fn a_frame_takes_records_up_to_its_size_and_a_larger_one_alone() {
        let (large, small) = ("x".repeat(40 * 1024), "y".repeat(20 * 1024));
        let mut log = log(&[&large, &small, &small, "z"]);
        let mut ends = Vec::new();
        while log.has_unsent() {
            ends.push(log.frame().through);
            log.note_sent(log.frame().through, NOW);
        }
        assert_eq!(ends, [1, 2, 4]);
    }

    #[test]
    fn the_largest_record_and_its_number_fit_in_a_post() {
        let mut log = log(&[&"x".repeat(LINE_RECORD_MAX_BYTES)]);
        (log.first, log.sent) = (u64::MAX - 1, u64::MAX - 2);
        assert!(log.frame().body.len() <= RECORD_MAX_BYTES);
    }

    #[test]
    fn what_is_acknowledged_is_dropped_and_the_rest_keeps_its_numbers() {
        let mut log = log(&["a", "b", "c"]);
        log.note_sent(2, NOW);
        log.note_acked(1, NOW);
        assert_eq!((log.first, log.next(), log.unacked_since), (2, 4, Some(NOW)));
        log.note_acked(2, NOW);
        assert_eq!((log.unsent().collect::<Vec<_>>(), log.unacked_since), (vec!["c"], None));
    }

    #[test]
    fn room_is_made_by_dropping_what_was_posted_and_nothing_else() {
        let mut log = log(&["aaaa", "bbbb", "cccc"]);
        log.note_sent(1, NOW);
        log.make_room(8);
        assert_eq!((log.first, log.is_whole()), (2, false));
        log.make_room(0);
        assert_eq!(log.unsent().collect::<Vec<_>>(), ["bbbb", "cccc"]);
        log.note_acked(1, NOW);
        assert!(log.is_whole());
    }
}
