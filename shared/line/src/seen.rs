//! Which elements of notifications are in a log, or were.
//!
//! An append whose answer got lost is done again, and the queue may bring a
//! message again. Within one message group the queue keeps the order, so the
//! place of the last element of each group tells which elements are new.

use std::collections::BTreeMap;
use std::time::Duration;

use hubcast_model::id::HexDigest;
use hubcast_model::retention::QueuePosition;
use hubcast_model::time::Timestamp;

/// How long a message group is remembered. The queue brings a message again sooner.
const REMEMBERED: Duration = Duration::from_mins(15);
/// The most message groups that are remembered; each takes some 60 bytes of the record.
const SEEN_MAX: usize = 16;
/// Digits of a digest that stand for a message group.
const DIGITS: usize = 16;

/// Where an element stands in its message group: later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The sequence number of the element's message.
    pub sequence: u128,
    /// The number of the element in its message.
    pub element: u16,
}

impl Place {
    /// The place of a queue position; `None` when the queue gave no sequence number.
    pub fn of(position: &QueuePosition) -> Option<Self> {
        let (sequence, element) = position.position().split_once('#')?;
        let place = Self { sequence: sequence.parse().ok()?, element: element.parse().ok()? };
        (place.sequence > 0).then_some(place)
    }
}

/// The last element of a message group that reached the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeenElement {
    /// Where the element stands.
    pub place: Place,
    /// When the element reached the log.
    pub at: Timestamp,
}

/// The last element of each message group. A digest stands for the name of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seen(pub BTreeMap<String, SeenElement>);

impl Seen {
    /// Whether the element at this position is in the log, or was.
    pub(crate) fn covers(&self, position: &QueuePosition) -> bool {
        let (Some(place), Some(last)) = (Place::of(position), self.0.get(&digest(position))) else {
            return false;
        };
        place <= last.place
    }

    /// Notes elements that reached the log at `now`, and forgets old groups.
    pub(crate) fn note<'a>(
        &mut self,
        positions: impl Iterator<Item = &'a QueuePosition>,
        now: Timestamp,
    ) {
        for position in positions {
            let Some(place) = Place::of(position) else {
                continue;
            };
            let last = self.0.entry(digest(position)).or_insert(SeenElement { place, at: now });
            *last = SeenElement { place: last.place.max(place), at: now };
        }
        self.0.retain(|_, last| now.since(last.at) < REMEMBERED);
        while self.0.len() > SEEN_MAX
            && let Some(oldest) = self.oldest()
        {
            self.0.remove(&oldest);
        }
    }

    fn oldest(&self) -> Option<String> {
        let oldest = self.0.iter().min_by_key(|(_, last)| last.at);
        oldest.map(|(group, _)| group.clone())
    }
}

fn digest(position: &QueuePosition) -> String {
    let mut digest = format!("{:x}", HexDigest(position.group()));
    digest.truncate(DIGITS);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn at(group: &str, sequence: &str, element: usize) -> QueuePosition {
        QueuePosition::new(group, sequence, element)
    }

    #[test]
    fn elements_up_to_the_last_one_of_their_group_are_covered() {
        let mut seen = Seen::default();
        seen.note([at("g", "18849496460467696128", 2)].iter(), NOW);
        seen.note([at("g", "7", 0)].iter(), NOW);
        for (position, is_covered) in [
            (at("g", "18849496460467696128", 2), true),
            (at("g", "18849496460467696127", 9), true),
            (at("g", "18849496460467696128", 3), false),
            (at("h", "1", 0), false),
        ] {
            assert_eq!(seen.covers(&position), is_covered, "{position}");
        }
    }

    #[test]
    fn an_element_without_a_sequence_number_is_never_covered() {
        let mut seen = Seen::default();
        let unnumbered = at("g", "", 0);
        seen.note([unnumbered.clone()].iter(), NOW);
        assert!(!seen.covers(&unnumbered));
    }

    #[test]
    fn the_groups_of_the_last_minutes_are_remembered_and_not_too_many() {
        let mut seen = Seen::default();
        for n in 0..20 {
            let now = NOW.plus(Duration::from_secs(n));
            seen.note([at(&format!("g{n}"), "7", 0)].iter(), now);
        }
        assert_eq!(seen.0.len(), SEEN_MAX);
        assert!(!seen.covers(&at("g3", "7", 0)) && seen.covers(&at("g4", "7", 0)));
        seen.note([].into_iter(), NOW.plus(REMEMBERED + Duration::from_secs(18)));
        assert!(!seen.covers(&at("g18", "7", 0)) && seen.covers(&at("g19", "7", 0)));
    }
}
