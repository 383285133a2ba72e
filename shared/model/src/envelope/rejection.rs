//! Why an envelope, or one element of it, goes to the dead-letter queue.

use std::fmt;

use serde_json::error::Category;

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
    /// Every reason, in the order above.
    pub const ALL: [Self; 24] = [
        Self::NotJson,
        Self::NotAnObject,
        Self::TooManyElements,
        Self::Wrapped,
        Self::UnknownProperty,
        Self::DuplicateProperty,
        Self::MisplacedProperty,
        Self::BadType,
        Self::BadName,
        Self::TooManyIds,
        Self::UnknownAction,
        Self::NoContent,
        Self::SeveralContents,
        Self::ArgumentsNotArray,
        Self::TooDeep,
        Self::MissingAudience,
        Self::MissingGroup,
        Self::ImplicitBroadcast,
        Self::BadExpiry,
        Self::NotAllowed,
        Self::TooLarge,
        Self::TooManyRetained,
        Self::NoProgress,
        Self::TooOld,
    ];

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

    /// A rejection of a text that is no JSON, with the place where it stops to be JSON.
    pub fn not_json(err: &serde_json::Error) -> Self {
        let (line, column, text) = (err.line(), err.column(), err.to_string());
        let why = text.split(" at line ").next().unwrap_or_default();
        let detail = match err.classify() {
            Category::Eof if column == 0 => "the body is empty, and not JSON".to_owned(),
            Category::Eof => {
                format!(
                    "this is not JSON: the text ends at line {line}, column {column}, before a bracket or a quote is closed"
                )
            }
            _ => format!("this is not JSON: {}, at line {line}, column {column}", in_words(why)),
        };
        Self::new(RejectReason::NotJson, detail)
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

/// What the parser says, for people who do not know parsers. A text that is not listed stays.
fn in_words(why: &str) -> &str {
    match why {
        "expected value" | "expected ident" => "a value is missing, or a text has no double quotes",
        "key must be a string" => "the name of a property needs double quotes",
        "trailing comma" => "a comma stands before a closing bracket",
        "trailing characters" => "more text follows the end of the value",
        "expected `:`" => "a colon is missing after the name of a property",
        "expected `,` or `}`" | "expected `,` or `]`" => "a comma or a closing bracket is missing",
        "invalid escape" => "a backslash begins no escape of JSON",
        "recursion limit exceeded" => "objects and arrays nest too deep",
        text if text.starts_with("control character") => {
            "a text holds a line break or another control character, which needs an escape such as \\n"
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_told_in_words() {
        for (text, detail) in [
            ("", "the body is empty, and not JSON"),
            ("{\"a\":[1", "the text ends at line 1, column 7"),
            (
                "hello",
                "this is not JSON: a value is missing, or a text has no double quotes, at line 1, column 1",
            ),
            ("nothing", "a text has no double quotes"),
            (
                "{'a':1}",
                "this is not JSON: the name of a property needs double quotes, at line 1, column 2",
            ),
            ("{\"a\":1,}", "a comma stands before a closing bracket"),
            ("{} x", "more text follows the end"),
            ("{\"a\" 1}", "a colon is missing"),
            ("[1 2]", "a comma or a closing bracket is missing"),
            ("{\"a\":1 \"b\":2}", "a comma or a closing bracket is missing"),
            ("\"\\x\"", "a backslash begins no escape"),
            ("\"a\nb\"", "which needs an escape such as \\n"),
        ] {
            let err = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            let told = Rejection::not_json(&err).detail;
            assert!(told.contains(detail), "{told}");
        }
    }

    #[test]
    fn all_reasons_are_listed_once() {
        let mut names: Vec<&str> =
            RejectReason::ALL.into_iter().map(RejectReason::as_str).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        let page = include_str!("../../../../docs/PROTOCOL.md");
        assert!(names.iter().all(|name| page.contains(&format!("| `{name}` |"))));
    }
}
