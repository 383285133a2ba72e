//! Filters over connections: the part of `OData` that applies to them.
//!
//! `userId`, `connectionId` and texts are compared by `eq`, `ne` and
//! `in ('a','b')`, looked into by `startswith`, `endswith` and `contains`, and
//! looked for in groups by `'name' in groups`; `and`, `or`, `not` and brackets
//! combine. `userId` is `null` of an anonymous connection.

mod parse;

use std::collections::BTreeSet;
use std::fmt;

use hubcast_model::channel::Member;
use hubcast_model::id::{GroupName, KeyedName};

pub use parse::FilterError;

/// A condition on connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// One of two conditions holds.
    Or(Box<Self>, Box<Self>),
    /// Both conditions hold.
    And(Box<Self>, Box<Self>),
    /// A condition does not hold.
    Not(Box<Self>),
    /// Two operands are the same.
    Equal(Operand, Operand),
    /// An operand is one of several.
    OneOf(Operand, Vec<Operand>),
    /// The connection is in the group of this name.
    InGroup(Operand),
    /// The first operand has the second operand in it, at this place.
    Holds(Anchor, Operand, Operand),
}

/// The place in a text where another text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// At the start.
    Start,
    /// At the end.
    End,
    /// Anywhere.
    Anywhere,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// The user of the connection.
    UserId,
    /// The public id of the connection.
    ConnectionId,
    /// A text of the filter.
    Text(String),
    /// No user: `null`.
    Null,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Where the text is no filter, or none that is known here.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text)
    }

    /// Whether the condition holds for a connection that is in these groups.
    pub fn matches(&self, member: &Member, groups: &BTreeSet<KeyedName>) -> bool {
        let text = |operand: &Operand| operand.of(member);
        match self {
            Self::Or(one, other) => one.matches(member, groups) || other.matches(member, groups),
            Self::And(one, other) => one.matches(member, groups) && other.matches(member, groups),
            Self::Not(filter) => !filter.matches(member, groups),
            Self::Equal(one, other) => text(one) == text(other),
            Self::OneOf(one, others) => others.iter().any(|other| text(one) == text(other)),
            Self::InGroup(name) => text(name)
                .and_then(|name| GroupName::parse(&name).ok())
                .is_some_and(|group| groups.contains(&group.keyed())),
            Self::Holds(anchor, one, other) => match (text(one), text(other)) {
                (Some(one), Some(other)) => anchor.has(&one, &other),
                _ => false,
            },
        }
    }

    /// Whether the condition asks for groups.
    pub fn asks_for_groups(&self) -> bool {
        match self {
            Self::Or(one, other) | Self::And(one, other) => {
                one.asks_for_groups() || other.asks_for_groups()
            }
            Self::Not(filter) => filter.asks_for_groups(),
            Self::InGroup(_) => true,
            Self::Equal(..) | Self::OneOf(..) | Self::Holds(..) => false,
        }
    }

    /// The only user whose connections can fulfil the condition, if there is one.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::And(one, other) => one.user().or_else(|| other.user()),
            Self::Equal(Operand::UserId, Operand::Text(user))
            | Self::Equal(Operand::Text(user), Operand::UserId) => Some(user),
            _ => None,
        }
    }
}

impl Anchor {
    fn has(self, text: &str, part: &str) -> bool {
        match self {
            Self::Start => text.starts_with(part),
            Self::End => text.ends_with(part),
            Self::Anywhere => text.contains(part),
        }
    }
}

impl Operand {
    fn of(&self, member: &Member) -> Option<String> {
        match self {
            Self::UserId => member.user.as_ref().map(|user| user.as_str().to_owned()),
            Self::ConnectionId => Some(member.connection.as_str().to_owned()),
            Self::Text(text) => Some(text.clone()),
            Self::Null => None,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(one, other) => write!(f, "({one}) or ({other})"),
            Self::And(one, other) => write!(f, "({one}) and ({other})"),
            Self::Not(filter) => write!(f, "not ({filter})"),
            Self::Equal(one, other) => write!(f, "{one} eq {other}"),
            Self::OneOf(one, others) => {
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                write!(f, "{one} in ({})", others.join(","))
            }
            Self::InGroup(name) => write!(f, "{name} in groups"),
            Self::Holds(anchor, one, other) => write!(f, "{anchor}({one}, {other})"),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "startswith",
            Self::End => "endswith",
            Self::Anywhere => "contains",
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserId => f.write_str("userId"),
            Self::ConnectionId => f.write_str("connectionId"),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Null => f.write_str("null"),
        }
    }
}
