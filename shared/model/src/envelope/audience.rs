//! Who a notification is for.

use super::EnvelopeRules;
use super::content::Subject;
use super::fields::Fields;
use super::rejection::{RejectReason, Rejection};
use crate::id::{ConnectionId, GroupName, UserId};

/// Who a notification is for. When several are named the higher one here counts, as in Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// One connection.
    Connection(ConnectionId),
    /// Every connection of any of these users; nobody when the list is empty.
    Users(Vec<UserId>),
    /// Every connection in any of these groups; nobody when the list is empty.
    Groups(Vec<GroupName>),
    /// Every connection of the hub.
    Hub,
}

impl Audience {
    /// Reads the audience of an element.
    pub(super) fn read(fields: &Fields<'_>, rules: &EnvelopeRules) -> Result<Self, Rejection> {
        // Everything named is checked, also what a higher audience makes irrelevant.
        let (connection, users, groups) = (fields.connection()?, fields.users()?, fields.groups()?);
        let everyone = fields.flag("everyone")?.unwrap_or(false);
        if let Some(connection) = connection {
            return Ok(Self::Connection(connection));
        }
        if let Some(users) = users {
            return Ok(Self::Users(users));
        }
        if let Some(groups) = groups {
            return Ok(Self::Groups(groups));
        }
        if everyone || rules.implicit_broadcast {
            return Ok(Self::Hub);
        }
        let detail = "nobody is named; say \"everyone\": true to reach the whole hub";
        Err(Rejection::new(RejectReason::ImplicitBroadcast, detail))
    }
}

impl Subject {
    /// The connections whose membership changes.
    pub fn audience(&self) -> Audience {
        match self {
            Self::Connection(connection) => Audience::Connection(connection.clone()),
            Self::Users(users) => Audience::Users(users.clone()),
        }
    }
}
