//! Lines: one item each, which holds all that the sockets of a line must agree on.
//!
//! Every write replaces the whole item, on the condition that the item has the revision that was
//! read. What a step changes is decided by the rules of lines alone.

mod kept;

use std::collections::{BTreeMap, VecDeque};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_line::{
    Calls, Line, LineStore, Log, Phase, Place, Seen, SeenElement, Turn, TurnId, WriterId,
};
use hubcast_model::id::SocketId;
use hubcast_model::ports::StoreError;
use hubcast_model::time::Timestamp;

use super::item::{Item, at, millis, number, required, text, ttl};
use super::key;
use super::{DynamoStore, if_met, unavailable};
use kept::{from_keeping, from_left, to_keeping, to_left};

const WHAT: &str = "a line";
const REVISION: &str = "revision";
const PHASE: &str = "phase";
/// When a phase ends that waits for the client.
const UNTIL: &str = "until";
const IS_THROUGH: &str = "isThrough";
const HAS_SPOKEN: &str = "hasSpoken";
const OPENED: &str = "openedAt";
const CURRENT: &str = "socket";
/// When hubcast was about to cut the current socket.
const CUT_AT: &str = "cutAt";
const LOG: &str = "log";
const FIRST: &str = "first";
const SENT: &str = "sent";
const ACKED: &str = "acked";
const UNACKED_SINCE: &str = "unackedSince";
const TURN: &str = "turn";
const TURN_UNTIL: &str = "turnUntil";
const SEEN: &str = "seen";
const HEARD: &str = "heard";
const HEARD_AT: &str = "heardAt";
/// Invocations whose ids are no numbers.
const CALLS: &str = "calls";
/// Invocations whose ids are numbers: the first and the last of each range.
const RANGES: &str = "callRanges";
/// Four bytes of each of the last writers.
const WRITERS: &str = "by";
/// Where records go that the client does not acknowledge, by their numbers.
const KEEPING: &str = "keeping";
/// Records that go to inboxes, and where each goes.
const LEFT: &str = "left";

impl LineStore for DynamoStore {
    async fn create_line(&self, line: &Line) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(from_line(line)));
        let put = put
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", key::PK);
        Ok(if_met("create_line", put.send().await)?.is_some())
    }

    async fn line(&self, id: &SocketId) -> Result<Option<Line>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let output = get.set_key(Some(key::line(id))).send().await.map_err(unavailable("line"))?;
        output.item.as_ref().map(|item| to_line(id, item)).transpose()
    }

    async fn replace_line(&self, line: &Line, before: u64) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(from_line(line)));
        let put = put
            .condition_expression("#revision = :before")
            .expression_attribute_names("#revision", REVISION)
            .expression_attribute_values(":before", number(before));
        Ok(if_met("replace_line", put.send().await)?.is_some())
    }
}

fn from_line(line: &Line) -> Item {
    let Line { log, turn, .. } = line;
    let required = [
        (REVISION, number(line.revision)),
        (OPENED, millis(line.opened_at)),
        (CURRENT, text(line.socket.as_str())),
        (LOG, texts(&log.records)),
        (FIRST, number(log.first)),
        (SENT, number(log.sent)),
        (ACKED, number(log.acked)),
        (SEEN, from_seen(&line.seen)),
        (HEARD, number(line.heard)),
        (CALLS, texts(&line.calls.names)),
        (WRITERS, from_writers(&line.writers)),
        (key::TTL, ttl(line.expires)),
        (key::EXPIRES, millis(line.expires)),
    ];
    let optional = [
        (CUT_AT, line.cut_at.map(millis)),
        (HEARD_AT, line.heard_at.map(millis)),
        (UNACKED_SINCE, log.unacked_since.map(millis)),
        (TURN, turn.map(|turn| number(turn.holder.0))),
        (TURN_UNTIL, turn.map(|turn| millis(turn.until))),
        (KEEPING, from_keeping(&log.keeping)),
        (LEFT, from_left(&line.left)),
        (RANGES, from_ranges(&line.calls)),
    ];
    let present = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let named = required.into_iter().chain(present).chain(from_phase(line.phase));
    let mut item = key::line(&line.id);
    item.extend(named.map(|(name, value)| (name.to_owned(), value)));
    item
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> AttributeValue {
    AttributeValue::L(texts.into_iter().map(text).collect())
}

fn from_phase(phase: Phase) -> Vec<(&'static str, AttributeValue)> {
    let named = |name: &str| (PHASE, text(name));
    let until = |until| (UNTIL, millis(until));
    match phase {
        Phase::Opening { until: end, is_through, has_spoken } => vec![
            named("opening"),
            until(end),
            (IS_THROUGH, AttributeValue::Bool(is_through)),
            (HAS_SPOKEN, AttributeValue::Bool(has_spoken)),
        ],
        Phase::Live => vec![named("live")],
        Phase::Away { until: end } => vec![named("away"), until(end)],
        Phase::Resuming { until: end } => vec![named("resuming"), until(end)],
        Phase::Ended => vec![named("ended")],
    }
}

/// For each message group the last element's sequence number, its number, and when it came.
fn from_seen(seen: &Seen) -> AttributeValue {
    let element = |last: &SeenElement| {
        let SeenElement { place, at } = last;
        text(format!("{} {} {}", place.sequence, place.element, at.as_millis()))
    };
    AttributeValue::M(seen.0.iter().map(|(group, last)| (group.clone(), element(last))).collect())
}

fn to_line(id: &SocketId, item: &Item) -> Result<Line, StoreError> {
    let socket = |name| SocketId::parse(required(item, name, WHAT)?).map_err(|_| corrupt());
    Ok(Line {
        id: id.clone(),
        revision: count(item, REVISION)?,
        phase: to_phase(item)?,
        opened_at: moment(item, OPENED)?,
        socket: socket(CURRENT)?,
        cut_at: at(item, CUT_AT),
        log: Log {
            records: VecDeque::from(list(item, LOG)?),
            first: count(item, FIRST)?,
            sent: count(item, SENT)?,
            acked: count(item, ACKED)?,
            unacked_since: at(item, UNACKED_SINCE),
            keeping: to_keeping(item)?,
        },
        turn: to_turn(item),
        seen: to_seen(item)?,
        heard: count(item, HEARD)?,
        heard_at: at(item, HEARD_AT),
        calls: Calls { ranges: to_ranges(item)?, names: list(item, CALLS)? },
        left: to_left(item)?,
        expires: moment(item, key::EXPIRES)?,
        writers: to_writers(item),
    })
}

fn from_ranges(calls: &Calls) -> Option<AttributeValue> {
    let ranges = calls.ranges.iter().map(|(first, last)| text(format!("{first} {last}")));
    (!calls.ranges.is_empty()).then(|| AttributeValue::L(ranges.collect()))
}

fn to_ranges(item: &Item) -> Result<BTreeMap<u64, u64>, StoreError> {
    let ranges: Vec<String> = if item.contains_key(RANGES) { list(item, RANGES)? } else { vec![] };
    let range = |text: &String| {
        let (first, last) = text.split_once(' ')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    ranges.iter().map(range).collect::<Option<_>>().ok_or_else(corrupt)
}

fn from_writers(writers: &[WriterId]) -> AttributeValue {
    let bytes: Vec<u8> = writers.iter().flat_map(|writer| writer.0.to_be_bytes()).collect();
    AttributeValue::B(Blob::new(bytes))
}

/// A record of before there were writers has none.
fn to_writers(item: &Item) -> Vec<WriterId> {
    let bytes = item.get(WRITERS).and_then(|value| value.as_b().ok());
    let (writers, _) = bytes.map(|bytes| bytes.as_ref().as_chunks::<4>()).unwrap_or_default();
    writers.iter().map(|bytes| WriterId(u32::from_be_bytes(*bytes))).collect()
}

fn to_phase(item: &Item) -> Result<Phase, StoreError> {
    let mark = |name| item.get(name).and_then(|value| value.as_bool().ok()).copied();
    let until = || moment(item, UNTIL);
    Ok(match required(item, PHASE, WHAT)? {
        "opening" => Phase::Opening {
            until: until()?,
            is_through: mark(IS_THROUGH).ok_or_else(corrupt)?,
            has_spoken: mark(HAS_SPOKEN).ok_or_else(corrupt)?,
        },
        "live" => Phase::Live,
        "away" => Phase::Away { until: until()? },
        "resuming" => Phase::Resuming { until: until()? },
        "ended" => Phase::Ended,
        _ => return Err(corrupt()),
    })
}

fn to_turn(item: &Item) -> Option<Turn> {
    let holder = item.get(TURN)?.as_n().ok()?.parse().ok()?;
    Some(Turn { holder: TurnId(holder), until: at(item, TURN_UNTIL)? })
}

fn to_seen(item: &Item) -> Result<Seen, StoreError> {
    let groups = item.get(SEEN).and_then(|value| value.as_m().ok()).ok_or_else(corrupt)?;
    let element = |value: &AttributeValue| to_seen_element(value.as_s().ok()?);
    let read = groups.iter().map(|(group, last)| Some((group.clone(), element(last)?)));
    read.collect::<Option<BTreeMap<_, _>>>().map(Seen).ok_or_else(corrupt)
}

fn to_seen_element(text: &str) -> Option<SeenElement> {
    let mut parts = text.split(' ');
    let place =
        Place { sequence: parts.next()?.parse().ok()?, element: parts.next()?.parse().ok()? };
    Some(SeenElement { place, at: Timestamp::from_millis(parts.next()?.parse().ok()?) })
}

fn list(item: &Item, name: &str) -> Result<Vec<String>, StoreError> {
    let values = item.get(name).and_then(|value| value.as_l().ok()).ok_or_else(corrupt)?;
    let text = |value: &AttributeValue| value.as_s().ok().cloned();
    values.iter().map(text).collect::<Option<_>>().ok_or_else(corrupt)
}

fn count(item: &Item, name: &str) -> Result<u64, StoreError> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|value| value.parse().ok()).ok_or_else(corrupt)
}

fn moment(item: &Item, name: &str) -> Result<Timestamp, StoreError> {
    at(item, name).ok_or_else(corrupt)
}

const fn corrupt() -> StoreError {
    StoreError::Corrupt { what: WHAT }
}
