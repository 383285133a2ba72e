//! Lines: one item each, which holds all that the sockets of a line must agree on.
//!
//! Every write replaces the whole item, on the condition that the item has the revision that was
//! read. What a step changes is decided by the rules of lines alone.

use std::collections::{BTreeMap, VecDeque};

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_line::{
    Keeping, Left, Line, LineStore, Log, Phase, Place, Seen, SeenElement, Turn, TurnId,
};
use hubcast_model::id::{HubName, SocketId, UserId};
use hubcast_model::ports::StoreError;
use hubcast_model::retention::{Kept, QueuePosition};
use hubcast_model::time::Timestamp;

use super::item::{Item, at, millis, number, required, text, ttl};
use super::key;
use super::{DynamoStore, if_met, unavailable};

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
const CALLS: &str = "calls";
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
        (CALLS, texts(&line.calls)),
        (key::TTL, ttl(line.expires)),
        (key::EXPIRES, millis(line.expires)),
    ];
    let optional = [
        (CUT_AT, line.cut_at.map(millis)),
        (UNACKED_SINCE, log.unacked_since.map(millis)),
        (TURN, turn.map(|turn| number(turn.holder.0))),
        (TURN_UNTIL, turn.map(|turn| millis(turn.until))),
        (KEEPING, from_keeping(&log.keeping)),
        (LEFT, from_left(&line.left)),
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
        calls: list(item, CALLS)?,
        left: to_left(item)?,
        expires: moment(item, key::EXPIRES)?,
    })
}

/// What few lines have is absent from the others.
fn from_keeping(keeping: &BTreeMap<u64, Keeping>) -> Option<AttributeValue> {
    let entry = |(number, keeping): (&u64, &Keeping)| (number.to_string(), keeping_text(keeping));
    (!keeping.is_empty()).then(|| AttributeValue::M(keeping.iter().map(entry).collect()))
}

fn from_left(left: &[Left]) -> Option<AttributeValue> {
    let parts = left.iter().flat_map(|left| [keeping_text(&left.keeping), text(&left.record)]);
    (!left.is_empty()).then(|| AttributeValue::L(parts.collect()))
}

/// Times, hub, user and position, the last of which may hold spaces.
fn keeping_text(keeping: &Keeping) -> AttributeValue {
    let Keeping { kept, at } = keeping;
    let (at, until) = (at.as_millis(), kept.until.as_millis());
    let user = kept.user.as_str();
    text(format!("{at} {until} {} {} {user}{}", kept.hub, user.len(), kept.position))
}

fn to_keeping(item: &Item) -> Result<BTreeMap<u64, Keeping>, StoreError> {
    let Some(entries) = item.get(KEEPING) else {
        return Ok(BTreeMap::new());
    };
    let entries = entries.as_m().map_err(|_| corrupt())?;
    let entry = |(number, keeping): (&String, &AttributeValue)| {
        Some((number.parse().ok()?, read_keeping(keeping.as_s().ok()?)?))
    };
    entries.iter().map(entry).collect::<Option<_>>().ok_or_else(corrupt)
}

fn to_left(item: &Item) -> Result<Vec<Left>, StoreError> {
    if !item.contains_key(LEFT) {
        return Ok(Vec::new());
    }
    let parts: Vec<String> = list(item, LEFT)?;
    let left = |pair: &[String]| match pair {
        [keeping, record] => Some(Left { keeping: read_keeping(keeping)?, record: record.clone() }),
        _ => None,
    };
    parts.chunks(2).map(left).collect::<Option<_>>().ok_or_else(corrupt)
}

fn read_keeping(text: &str) -> Option<Keeping> {
    let mut parts = text.splitn(5, ' ');
    let mut moment = || parts.next()?.parse().ok().map(Timestamp::from_millis);
    let (at, until) = (moment()?, moment()?);
    let hub = HubName::parse(parts.next()?).ok()?;
    let (user, position) = {
        let length = parts.next()?.parse().ok()?;
        parts.next()?.split_at_checked(length)?
    };
    let (user, position) = (UserId::parse(user).ok()?, QueuePosition::parse(position)?);
    Some(Keeping { kept: Kept { hub, user, position, until }, at })
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
