//! Notifications to elements of an envelope.
//!
//! The properties stand in the order in which the documents list them. What is
//! not said is left out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::content::{Action, Answer, Content};
use super::rejection::{RejectReason, Rejection};
use super::retention::Retention;
use super::{EVERYWHERE, Notification};
use crate::audience::Audience;
use crate::id::{ConnectionId, GroupName, HubName, UserId};
use crate::queue_text;

impl Notification {
    /// The element that says this, as JSON in characters that SQS takes.
    pub fn to_json(&self) -> String {
        let hub = if matches!(&self.content, Content::Action(action) if action.is_everywhere()) {
            EVERYWHERE
        } else {
            self.hub.as_str()
        };
        let mut properties = Properties {
            hub,
            excluded_connection_ids: self.excluded.iter().map(ConnectionId::as_str).collect(),
            expires_at: self.expires_at.map(crate::time::Timestamp::to_rfc3339),
            ..Properties::default()
        };
        properties.put_content(&self.content);
        properties.put_retention(&self.retention);
        queue_text::json(&properties)
    }
}

/// The envelope that holds several elements, or one, as an array. At most
/// [`ELEMENTS_MAX`](super::ELEMENTS_MAX) of them are read.
pub fn joined(elements: &[String]) -> String {
    format!("[{}]", elements.join(","))
}

/// The properties of an element.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    hub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_ids: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_names: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    everyone: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excluded_connection_ids: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_reconnect: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoke: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_seconds: Option<u64>,
}

impl<'a> Properties<'a> {
    fn put_content(&mut self, content: &'a Content) {
        match content {
            Content::Message { audience, target, arguments } => {
                self.put_audience(audience);
                self.put_call(target, arguments);
            }
            Content::Invoke { connection, invocation_id, target, arguments } => {
                self.connection_id = Some(connection.as_str());
                self.put_call(target, arguments);
                self.invocation_id = Some(invocation_id);
            }
            Content::Action(action) => self.put_action(action),
            Content::Answer { connection, invocation_id, answer } => {
                self.connection_id = Some(connection.as_str());
                self.invocation_id = Some(invocation_id);
                self.put_answer(answer);
            }
            Content::Clear { audience, key } => {
                self.put_audience(audience);
                self.retain = Some(key.as_str());
            }
        }
    }

    fn put_call(&mut self, target: &'a str, arguments: &'a RawValue) {
        self.target = Some(target);
        self.arguments = Some(arguments);
    }

    fn put_retention(&mut self, retention: &'a Retention) {
        match retention {
            Retention::Nothing => {}
            Retention::Board(key) => self.retain = Some(key.as_str()),
            Retention::Inbox(lifetime) => self.keep_seconds = Some(lifetime.as_secs()),
        }
    }

    fn put_answer(&mut self, answer: &'a Answer) {
        match answer {
            Answer::Result(result) => self.result = result.as_deref(),
            Answer::Item(item) => self.item = Some(item),
            Answer::Error(error) => self.error = Some(error),
        }
    }

    fn put_action(&mut self, action: &'a Action) {
        self.action = Some(action.name());
        match action {
            Action::Add { audience, groups, ttl } => {
                self.put_audience(audience);
                self.put_groups(groups);
                self.ttl_seconds = ttl.map(|ttl| ttl.as_secs());
            }
            Action::Remove { audience, groups } => {
                self.put_audience(audience);
                self.put_groups(groups);
            }
            Action::RemoveAll { audience } => self.put_audience(audience),
            Action::Settle { users, groups } => {
                self.put_users(users);
                if let Some(groups) = groups {
                    self.put_groups(groups);
                }
            }
            Action::Show { audience, group } => {
                self.put_audience(audience);
                self.group_name = Some(group.as_str());
            }
            Action::Close { audience, reason, allow_reconnect, revoke } => {
                self.put_audience(audience);
                (self.reason, self.revoke) = (reason.as_deref(), *revoke);
                self.allow_reconnect = allow_reconnect.then_some(true);
            }
            Action::Block { users, ttl, .. } => {
                self.put_users(users);
                self.ttl_seconds = ttl.map(|ttl| ttl.as_secs());
            }
            Action::Unblock { users, .. } => self.put_users(users),
        }
    }

    fn put_audience(&mut self, audience: &'a Audience) {
        match audience {
            Audience::Connection(connection) => self.connection_id = Some(connection.as_str()),
            Audience::Users(users) => self.put_users(users),
            Audience::Groups(groups) => self.put_groups(groups),
            Audience::Hub => self.everyone = Some(true),
        }
    }

    fn put_users(&mut self, users: &'a [UserId]) {
        match users {
            [user] => self.user_id = Some(user.as_str()),
            several => self.user_ids = Some(several.iter().map(UserId::as_str).collect()),
        }
    }

    fn put_groups(&mut self, groups: &'a [GroupName]) {
        match groups {
            [group] => self.group_name = Some(group.as_str()),
            several => self.group_names = Some(several.iter().map(GroupName::as_str).collect()),
        }
    }
}

/// The element with the hub, if it names none: whoever reads it may have another default.
///
/// # Errors
/// When the element is no object.
pub fn with_hub(element: &RawValue, hub: &HubName) -> Result<String, Rejection> {
    let broken =
        |err: serde_json::Error| Rejection::new(RejectReason::NotAnObject, err.to_string());
    let mut properties: BTreeMap<String, &RawValue> =
        serde_json::from_str(element.get()).map_err(broken)?;
    let is_hub = |name: &String| name.eq_ignore_ascii_case("hub");
    let names_one = |value: &&RawValue| !matches!(value.get(), "null" | "\"\"");
    if properties.iter().any(|(name, value)| is_hub(name) && names_one(value)) {
        return Ok(element.get().to_owned());
    }
    properties.retain(|name, _| !is_hub(name));
    let own = serde_json::value::to_raw_value(hub.as_str()).map_err(broken)?;
    properties.insert("hub".to_owned(), &own);
    serde_json::to_string(&properties).map_err(broken)
}
