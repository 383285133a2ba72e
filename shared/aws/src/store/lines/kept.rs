//! What a line keeps for inboxes, before and after its end.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_line::{Keeping, Left};
use hubcast_model::id::{HubName, UserId};
use hubcast_model::ports::StoreError;
use hubcast_model::retention::{Kept, QueuePosition};
use hubcast_model::time::Timestamp;

use super::super::item::{Item, text};
use super::{KEEPING, LEFT, corrupt, list};

/// What few lines have is absent from the others.
pub(super) fn from_keeping(keeping: &BTreeMap<u64, Keeping>) -> Option<AttributeValue> {
    let entry = |(number, keeping): (&u64, &Keeping)| (number.to_string(), keeping_text(keeping));
    (!keeping.is_empty()).then(|| AttributeValue::M(keeping.iter().map(entry).collect()))
}

pub(super) fn from_left(left: &[Left]) -> Option<AttributeValue> {
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

pub(super) fn to_keeping(item: &Item) -> Result<BTreeMap<u64, Keeping>, StoreError> {
    let Some(entries) = item.get(KEEPING) else {
        return Ok(BTreeMap::new());
    };
    let entries = entries.as_m().map_err(|_| corrupt())?;
    let entry = |(number, keeping): (&String, &AttributeValue)| {
        Some((number.parse().ok()?, read_keeping(keeping.as_s().ok()?)?))
    };
    entries.iter().map(entry).collect::<Option<_>>().ok_or_else(corrupt)
}

pub(super) fn to_left(item: &Item) -> Result<Vec<Left>, StoreError> {
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
