//! The audit: who did what to whom, when, and by which message.
//!
//! An entry has every field, so that a field that is missing hides nothing: what
//! does not apply is [`NONE`], what nobody can tell is [`UNKNOWN`], and a name that
//! `LOG_AUDIENCE` keeps out of the log is [`HIDDEN`]. The fields are an interface,
//! see `docs/OPERATIONS.md#audit`. Entries are never sampled and never silenced.

use serde::Serialize;

use super::{AUDIT, names};
use crate::audience::Audience;
use crate::id::{GroupName, HubName};
use crate::time::Timestamp;

/// The value of a field that does not apply.
pub const NONE: &str = "none";
/// The value of a field that nobody can tell.
pub const UNKNOWN: &str = "unknown";
/// The value of a name that the log does not hold.
pub const HIDDEN: &str = "hidden";

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doer {
    by: &'static str,
    who: String,
    app_id: String,
    roles: String,
}

/// A text that may be missing or empty.
fn said(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or(UNKNOWN).to_owned()
}

impl Doer {
    /// Whoever sent a message to SQS, by the `SenderId` of SQS. Of a role, such as `AROAEXAMPLE:session`,
    /// the first part is the id of the role.
    pub fn sender(sender_id: &str) -> Self {
        let role = sender_id.split_once(':').map(|(role, _session)| role);
        let roles = role.filter(|role| role.starts_with("AROA")).unwrap_or(NONE).to_owned();
        Self { by: "sqs", who: said(Some(sender_id)), app_id: NONE.to_owned(), roles }
    }

    /// Whoever signed a call by an access key, who may name a subject.
    pub fn key(subject: Option<&str>) -> Self {
        let none = NONE.to_owned();
        let who = subject.filter(|subject| !subject.is_empty()).unwrap_or(NONE).to_owned();
        Self { by: "access_key", who, app_id: none.clone(), roles: none }
    }

    /// An app, by its token: the subject, the id of the app, and the roles that count.
    pub fn app(subject: Option<&str>, app_id: Option<&str>, roles: &[String]) -> Self {
        Self { by: "app", who: said(subject), app_id: said(app_id), roles: listed(roles) }
    }

    /// An operator at a command line, by the ARN of the credentials.
    pub fn operator(arn: &str) -> Self {
        let none = NONE.to_owned();
        Self { by: "operator", who: said(Some(arn)), app_id: none.clone(), roles: none }
    }

    /// The way by which the doer came: `sqs`, `access_key`, `app` or `operator`.
    pub const fn by(&self) -> &'static str {
        self.by
    }

    /// The `SenderId`, the subject or the ARN.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// The id of the app.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The roles, separated by spaces.
    pub fn roles(&self) -> &str {
        &self.roles
    }
}

fn listed(roles: &[String]) -> String {
    if roles.is_empty() { NONE.to_owned() } else { roles.join(" ") }
}

/// Whether something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, or put on the queue.
    Done,
    /// The doer may not do it.
    Refused,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// To whom something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Nobody in particular: a key of the whole deployment, say.
    Nobody,
    /// What is asked for cannot be read.
    Unknown,
    /// An audience of a hub, and the groups that it is put into or taken out of.
    Named {
        /// The hub.
        hub: HubName,
        /// The audience.
        audience: Audience,
        /// The groups.
        groups: Vec<GroupName>,
    },
}

impl Whom {
    /// An audience, without groups.
    pub const fn of(hub: HubName, audience: Audience) -> Self {
        Self::Named { hub, audience, groups: Vec::new() }
    }

    /// The fields `hub`, `audience_kind`, `audience` and `groups`.
    fn fields(&self, naming: &names::Naming) -> [String; 4] {
        match self {
            Self::Nobody => [NONE; 4].map(str::to_owned),
            Self::Unknown => [UNKNOWN; 4].map(str::to_owned),
            Self::Named { hub, audience, groups } => [
                hub.to_string(),
                audience.kind().to_owned(),
                all_names(naming, hub, audience),
                all_names(naming, hub, &Audience::Groups(groups.clone())),
            ],
        }
    }
}

/// All names of an audience, however many: an entry leaves nobody out.
fn all_names(naming: &names::Naming, hub: &HubName, audience: &Audience) -> String {
    let has_names = match audience {
        Audience::Hub | Audience::Connection(_) => true,
        Audience::Users(users) => !users.is_empty(),
        Audience::Groups(groups) => !groups.is_empty(),
    };
    let names = if has_names { naming.all(hub, audience) } else { Some(NONE.to_owned()) };
    names.unwrap_or_else(|| HIDDEN.to_owned())
}

/// The message by which something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Source<'a> {
    /// The id under which the queue first took the message.
    pub message_id: Option<&'a str>,
    /// The number of the element.
    pub element: Option<usize>,
    /// When the message was sent.
    pub sent_at: Option<Timestamp>,
}

/// Something that was done, or refused.
#[derive(Debug)]
pub struct Deed<'a> {
    /// Who.
    pub doer: &'a Doer,
    /// What, in the words of `PRODUCERS` where these have one.
    pub action: &'a str,
    /// The operation of the REST API, or the command, where there is one.
    pub operation: Option<String>,
    /// Whether it was done.
    pub outcome: Outcome,
    /// To whom.
    pub whom: Whom,
    /// By which message.
    pub source: Source<'a>,
}

/// An entry of the audit: a deed, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    message: &'static str,
    by: String,
    who: String,
    app_id: String,
    roles: String,
    action: String,
    operation: String,
    outcome: &'static str,
    hub: String,
    audience_kind: String,
    audience: String,
    groups: String,
    message_id: String,
    element: String,
    sent_at: String,
}

const fn sentence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "it was done",
        Outcome::Refused => "it was refused",
    }
}

impl Deed<'_> {
    /// The entry, whose names are as `naming` says.
    pub fn entry(&self, naming: &names::Naming) -> Entry {
        let Doer { by, who, app_id, roles } = self.doer.clone();
        let [hub, audience_kind, audience, groups] = self.whom.fields(naming);
        let Source { message_id, element, sent_at } = self.source;
        let none = || NONE.to_owned();
        Entry {
            message: sentence(self.outcome),
            by: by.to_owned(),
            who,
            app_id,
            roles,
            action: self.action.to_owned(),
            operation: self.operation.clone().unwrap_or_else(none),
            outcome: self.outcome.as_str(),
            hub,
            audience_kind,
            audience,
            groups,
            message_id: message_id.unwrap_or(NONE).to_owned(),
            element: element.map_or_else(none, |element| element.to_string()),
            sent_at: sent_at.map_or_else(none, Timestamp::to_rfc3339),
        }
    }

    /// Writes the entry to the log of this process.
    pub fn write(&self) {
        let entry = self.entry(super::naming());
        tracing::info!(
            target: AUDIT,
            by = entry.by,
            who = entry.who,
            app_id = entry.app_id,
            roles = entry.roles,
            action = entry.action,
            operation = entry.operation,
            outcome = entry.outcome,
            hub = entry.hub,
            audience_kind = entry.audience_kind,
            audience = entry.audience,
            groups = entry.groups,
            message_id = entry.message_id,
            element = entry.element,
            sent_at = entry.sent_at,
            "{}",
            entry.message
        );
    }
}

impl Entry {
    /// The line of the log, as functions write it.
    pub fn line(&self) -> String {
        serde_json::json!({ "level": "INFO", "target": AUDIT, "fields": self }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;
    use crate::journey::names::Naming;

    fn entry(doer: &Doer, whom: Whom, naming: &Naming) -> serde_json::Value {
        let outcome = Outcome::Done;
        let deed = Deed {
            doer,
            action: "close",
            operation: None,
            outcome,
            whom,
            source: Source::default(),
        };
        serde_json::to_value(deed.entry(naming)).unwrap()
    }

    fn users(count: usize) -> Whom {
        let hub = HubName::parse("n").unwrap();
        let users = (0..count).map(|n| UserId::parse(&format!("u{n}")).unwrap()).collect();
        Whom::of(hub, Audience::Users(users))
    }

    #[test]
    fn every_field_says_something() {
        let doers = [
            Doer::sender(""),
            Doer::sender("AIDAEXAMPLE"),
            Doer::key(None),
            Doer::app(None, None, &[]),
            Doer::operator("arn:aws:iam::1:user/ops"),
        ];
        for doer in &doers {
            for whom in [Whom::Nobody, Whom::Unknown, users(2), users(0)] {
                let entry = entry(doer, whom, &Naming::Nothing);
                let fields = entry.as_object().unwrap();
                assert_eq!(fields.len(), 15, "{entry}");
                assert!(
                    fields.values().all(|value| value.as_str().is_some_and(|it| !it.is_empty()))
                );
            }
        }
        assert_eq!(entry(&doers[0], Whom::Unknown, &Naming::Plain)["who"], "unknown");
        assert_eq!(entry(&doers[1], users(1), &Naming::Nothing)["audience"], "hidden");
    }

    #[test]
    fn a_sender_with_a_role_is_told_with_its_role() {
        let doer = Doer::sender("AROAEXAMPLE:session");
        assert_eq!((doer.who(), doer.roles()), ("AROAEXAMPLE:session", "AROAEXAMPLE"));
        assert_eq!(Doer::sender("AIDAEXAMPLE").roles(), "none");
    }

    #[test]
    fn nobody_of_a_long_list_is_left_out() {
        let named = entry(&Doer::key(None), users(8), &Naming::Plain);
        assert_eq!(named["audience"], "u0 u1 u2 u3 u4 u5 u6 u7");
    }

    #[test]
    fn a_line_is_one_of_the_audit() {
        let doer = Doer::operator("arn");
        let (outcome, whom) = (Outcome::Refused, Whom::Nobody);
        let source = Source::default();
        let deed = Deed { doer: &doer, action: "drop", operation: None, outcome, whom, source };
        let line: serde_json::Value =
            serde_json::from_str(&deed.entry(&Naming::Plain).line()).unwrap();
        assert_eq!((&line["target"], &line["fields"]["by"]), (&"audit".into(), &"operator".into()));
    }
}
