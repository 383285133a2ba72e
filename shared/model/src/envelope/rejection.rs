//! Why an envelope, or one element of it, goes to the dead-letter queue.

use std::fmt;

use crate::id::NameError;

/// A stable identifier of what is wrong; the dead letter's `RejectReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// The body is not JSON.
    NotJson,
    /// An element is not an object.
    NotAnObject,
    /// More elements than an envelope may hold.
    TooManyElements,
    /// Another program put something around the envelope.
    Wrapped,
    /// A property that hubcast does not know.
    UnknownProperty,
    /// The same property twice, perhaps in different case.
    DuplicateProperty,
    /// A property that does not go with the others.
    MisplacedProperty,
    /// A property with a value of the wrong JSON type.
    BadType,
    /// A hub, user, group or connection name that is not allowed.
    BadName,
    /// More ids in a list than allowed.
    TooManyIds,
    /// An `action` that hubcast does not know.
    UnknownAction,
    /// Neither a target nor an action nor an answer.
    NoContent,
    /// More than one of target, action and answer.
    SeveralContents,
    /// `arguments` is not an array.
    ArgumentsNotArray,
    /// A value nests deeper than clients read.
    TooDeep,
    /// The content needs an audience that is not there.
    MissingAudience,
    /// A group action without a group.
    MissingGroup,
    /// A broadcast that was not asked for by `"everyone": true`.
    ImplicitBroadcast,
    /// `expiresAt` is not a date and time with an offset.
    BadExpiry,
    /// The sender may not produce this.
    NotAllowed,
    /// The serialised record exceeds what a socket takes.
    TooLarge,
    /// One more key than an audience's retained values may have.
    TooManyRetained,
    /// It was tried several times, and reached nobody more.
    NoProgress,
    /// It could not be delivered for too long.
    TooOld,
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RejectReason {
    /// The identifier as operators see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "NotJson",
            Self::NotAnObject => "NotAnObject",
            Self::TooManyElements => "TooManyElements",
            Self::Wrapped => "Wrapped",
            Self::UnknownProperty => "UnknownProperty",
            Self::DuplicateProperty => "DuplicateProperty",
            Self::MisplacedProperty => "MisplacedProperty",
            Self::BadType => "BadType",
            Self::BadName => "BadName",
            Self::TooManyIds => "TooManyIds",
            Self::UnknownAction => "UnknownAction",
            Self::NoContent => "NoContent",
            Self::SeveralContents => "SeveralContents",
            Self::ArgumentsNotArray => "ArgumentsNotArray",
            Self::TooDeep => "TooDeep",
            Self::MissingAudience => "MissingAudience",
            Self::MissingGroup => "MissingGroup",
            Self::ImplicitBroadcast => "ImplicitBroadcast",
            Self::BadExpiry => "BadExpiry",
            Self::NotAllowed => "NotAllowed",
            Self::TooLarge => "TooLarge",
            Self::TooManyRetained => "TooManyRetained",
            Self::NoProgress => "NoProgress",
            Self::TooOld => "TooOld",
        }
    }
}

/// Why something was rejected, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// The stable identifier.
    pub reason: RejectReason,
    /// What is wrong and what to do, in a sentence; never a whole payload.
    pub detail: String,
}

impl Rejection {
    /// A rejection for `reason`.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// A rejection for what a sender may not produce.
    pub fn not_allowed(sender: &str, what: impl fmt::Display) -> Self {
        let detail = format!("the sender '{sender}' may not produce {what}; see PRODUCERS");
        Self::new(RejectReason::NotAllowed, detail)
    }

    /// A rejection for a name in `property` that is not allowed.
    pub fn bad_name(property: &str, err: NameError) -> Self {
        Self::new(RejectReason::BadName, format!("a name in '{property}' {err}"))
    }
}
