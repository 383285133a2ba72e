//! The properties of one element, found by their case-insensitive names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use signalr_protocol::depth::{DEPTH_MAX, is_too_deep};

use super::wrapper;
use crate::envelope::content::Scope;
use crate::envelope::rejection::{RejectReason, Rejection};
use crate::envelope::{EVERYWHERE, IDS_MAX};
use crate::id::{ConnectionId, GroupName, HubName, NameError, UserId};
use crate::properties::Properties;
use crate::retention::RetainedKey;
use crate::spelling::hint;
use crate::time::Timestamp;

/// The names an envelope may hold. `endpoints` is written by Azure Functions
/// with several SignalR instances and means nothing here.
const KNOWN: [&str; 23] = [
    "hub",
    "connectionId",
    "userId",
    "userIds",
    "groupName",
    "groupNames",
    "everyone",
    "excludedConnectionIds",
    "target",
    "arguments",
    "action",
    "ttlSeconds",
    "reason",
    "allowReconnect",
    "revoke",
    "invocationId",
    "result",
    "item",
    "error",
    "expiresAt",
    "retain",
    "keepSeconds",
    "endpoints",
];

/// Echoed property names are cut here, in characters.
const ECHO_MAX_CHARS: usize = 100;

/// The properties of an element that count: known, present and not null or empty. Only a result
/// and an item are kept in any case, for answers to tell a null one from none.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    present: BTreeMap<&'static str, &'a RawValue>,
}

impl<'a> Fields<'a> {
    /// Reads an element's properties.
    pub(super) fn read(json: &'a RawValue) -> Result<Self, Rejection> {
        if !json.get().starts_with('{') {
            let detail = "the element is not a JSON object";
            let no_object = || Rejection::new(RejectReason::NotAnObject, detail);
            return Err(wrapper::within_text(json.get()).unwrap_or_else(no_object));
        }
        let properties: Properties<'_> =
            serde_json::from_str(json.get()).map_err(|err| Rejection::not_json(&err))?;
        let mut fields = Self { present: BTreeMap::new() };
        let mut seen = Vec::with_capacity(properties.0.len());
        for (name, value) in &properties.0 {
            let name = known(name).map_err(|err| wrapper::around(&properties).unwrap_or(err))?;
            if seen.contains(&name) {
                let detail = format!("'{name}' stands more than once");
                return Err(Rejection::new(RejectReason::DuplicateProperty, detail));
            }
            seen.push(name);
            if matches!(name, "result" | "item") || !is_absent(value) {
                fields.present.insert(name, *value);
            }
        }
        Ok(fields)
    }

    /// Whether the property is there and says something.
    pub(super) fn has(&self, name: &'static str) -> bool {
        self.raw(name).is_some_and(|value| !is_absent(value))
    }

    /// The property's JSON as it stands.
    pub(super) fn raw(&self, name: &'static str) -> Option<&'a RawValue> {
        self.present.get(name).copied()
    }

    /// The property as text.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, Rejection> {
        self.typed(name, "a text")
    }

    /// The property as true or false.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, Rejection> {
        self.typed(name, "true or false")
    }

    /// The property as a number of whole seconds.
    pub(super) fn seconds(&self, name: &'static str) -> Result<Option<Duration>, Rejection> {
        let seconds: Option<u32> = self.typed(name, "a whole number of seconds")?;
        Ok(seconds.map(|seconds| Duration::from_secs(u64::from(seconds))))
    }

    /// The property as a point in time.
    pub(super) fn timestamp(&self, name: &'static str) -> Result<Option<Timestamp>, Rejection> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let bad = |err| {
            let detail = format!("'{name}' is {err}, such as 2026-11-23T10:00:00Z");
            Rejection::new(RejectReason::BadExpiry, detail)
        };
        Timestamp::parse(&text).map(Some).map_err(bad)
    }

    /// The hub; `None` also when all of them are meant.
    pub(super) fn hub(&self) -> Result<Option<HubName>, Rejection> {
        match self.scope()? {
            Scope::Everywhere => Ok(None),
            Scope::Hub => self.name("hub", HubName::parse),
        }
    }

    /// Whether one hub is meant, or all of them.
    pub(super) fn scope(&self) -> Result<Scope, Rejection> {
        let hub = self.text("hub")?;
        Ok(if hub.as_deref() == Some(EVERYWHERE) { Scope::Everywhere } else { Scope::Hub })
    }

    /// One connection id.
    pub(super) fn connection(&self) -> Result<Option<ConnectionId>, Rejection> {
        self.name("connectionId", ConnectionId::parse)
    }

    /// Ids of connections, as many as the message holds.
    pub(super) fn connections(
        &self,
        name: &'static str,
    ) -> Result<BTreeSet<ConnectionId>, Rejection> {
        let texts = self.texts(name)?.unwrap_or_default();
        let parsed = texts.iter().map(|text| ConnectionId::parse(text));
        let parsed: Result<BTreeSet<ConnectionId>, NameError> = parsed.collect();
        parsed.map_err(|err| Rejection::bad_name(name, err))
    }

    /// The users of `userId` and `userIds` together; `None` when neither is there.
    pub(super) fn users(&self) -> Result<Option<Vec<UserId>>, Rejection> {
        let one = self.name("userId", UserId::parse)?;
        Ok(united(one, self.names("userIds", UserId::parse)?))
    }

    /// The groups of `groupName` and `groupNames` together; `None` when neither is there.
    pub(super) fn groups(&self) -> Result<Option<Vec<GroupName>>, Rejection> {
        let one = self.name("groupName", GroupName::parse)?;
        Ok(united(one, self.names("groupNames", GroupName::parse)?))
    }

    /// The key of a retained value.
    pub(super) fn retained_key(&self) -> Result<Option<RetainedKey>, Rejection> {
        self.name("retain", RetainedKey::parse)
    }

    /// The arguments of a call, a JSON array; an empty one when there are none.
    pub(super) fn arguments(&self) -> Result<Box<RawValue>, Rejection> {
        match self.raw("arguments") {
            None => Ok(serde_json::from_str("[]").map_err(|err| Rejection::not_json(&err))?),
            Some(raw) if raw.get().starts_with('[') => {
                shallow("arguments", raw).map(ToOwned::to_owned)
            }
            Some(_) => {
                let detail = "'arguments' must be an array, one element for each parameter";
                Err(Rejection::new(RejectReason::ArgumentsNotArray, detail))
            }
        }
    }

    /// A value that a client gets as it is.
    pub(super) fn value(&self, name: &'static str) -> Result<Option<&RawValue>, Rejection> {
        self.raw(name).map(|raw| shallow(name, raw)).transpose()
    }

    /// Refuses properties that do not go with something else.
    pub(super) fn refuse(&self, names: &[&'static str], with: &str) -> Result<(), Rejection> {
        match names.iter().find(|name| self.has(name)) {
            None => Ok(()),
            Some(name) => {
                let detail = format!("'{name}' does not go with {with}");
                Err(Rejection::new(RejectReason::MisplacedProperty, detail))
            }
        }
    }

    fn name<T>(
        &self,
        name: &'static str,
        parse: fn(&str) -> Result<T, NameError>,
    ) -> Result<Option<T>, Rejection> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        parse(&text).map(Some).map_err(|err| Rejection::bad_name(name, err))
    }

    fn names<T>(
        &self,
        name: &'static str,
        parse: fn(&str) -> Result<T, NameError>,
    ) -> Result<Option<Vec<T>>, Rejection> {
        let Some(texts) = self.texts(name)? else {
            return Ok(None);
        };
        if texts.len() > IDS_MAX {
            let detail =
                format!("'{name}' holds {} ids; at most {IDS_MAX} are allowed", texts.len());
            return Err(Rejection::new(RejectReason::TooManyIds, detail));
        }
        let parsed: Result<Vec<T>, NameError> = texts.iter().map(|text| parse(text)).collect();
        parsed.map(Some).map_err(|err| Rejection::bad_name(name, err))
    }

    fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Rejection> {
        self.typed(name, "a list of texts")
    }

    fn typed<T: DeserializeOwned>(
        &self,
        name: &'static str,
        expected: &str,
    ) -> Result<Option<T>, Rejection> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| {
            Rejection::new(RejectReason::BadType, format!("'{name}' must be {expected}"))
        })
    }
}

/// A property of a record to a client, unless no client of .NET can read such a record.
fn shallow<'a>(name: &str, raw: &'a RawValue) -> Result<&'a RawValue, Rejection> {
    if !is_too_deep(raw.get(), 1) {
        return Ok(raw);
    }
    let detail = format!("'{name}' nests too deep: a record has at most {DEPTH_MAX} levels");
    Err(Rejection::new(RejectReason::TooDeep, detail))
}

fn known(name: &str) -> Result<&'static str, Rejection> {
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let echo: String = name.chars().take(ECHO_MAX_CHARS).collect();
        let detail = format!("'{}' is not a property of the envelope", echo.escape_debug());
        Rejection::new(RejectReason::UnknownProperty, detail + &hint(&echo, KNOWN))
    })
}

/// Azure Functions writes null or an empty text for what was not set.
fn is_absent(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "\"\"")
}

fn united<T>(one: Option<T>, many: Option<Vec<T>>) -> Option<Vec<T>> {
    if one.is_none() && many.is_none() {
        return None;
    }
    Some(one.into_iter().chain(many.into_iter().flatten()).collect())
}
