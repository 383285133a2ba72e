//! Who may produce what.
//!
//! Whoever may send to the queue, or call the REST API with a role, reaches
//! every hub with every action, unless `PRODUCERS` says who may do what. SQS
//! names the sender of a message by an id that nobody can forge.

use serde::Deserialize;

use crate::envelope::{Content, Notification};
use crate::id::HubName;
use crate::list::filled;
use crate::settings::Hubs;
use crate::spelling::{hint, json_hint};

/// What an entry may name: what envelopes hold, each action by its name, and what only the REST API
/// does: to read, and to make client tokens.
pub const KINDS: [&str; 13] = [
    "message",
    "invoke",
    "answer",
    "add",
    "remove",
    "removeAll",
    "settle",
    "show",
    "close",
    "block",
    "unblock",
    "read",
    "token",
];

/// Behind the id of a role, stands for any session of the role.
const ANY_SESSION: &str = ":*";

/// Who may produce what, as `PRODUCERS` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Producers {
    /// Whoever reaches the queue or the REST API may do everything.
    #[default]
    Anyone,
    /// These, and the functions of hubcast itself.
    Listed {
        /// The senders who are hubcast's own functions.
        own: Vec<SenderPattern>,
        /// The others.
        listed: Vec<Producer>,
    },
}

/// One entry of `PRODUCERS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Producer {
    who: Who,
    hubs: Hubs,
    /// All kinds when `None`.
    actions: Option<Vec<String>>,
}

/// Whom an entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    Sender(SenderPattern),
    Role(String),
}

/// The id of a sender, or of a role with any session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderPattern(String);

/// Why a text is no list of producers.
#[derive(Debug, thiserror::Error)]
pub enum ProducersError {
    /// The text is not the JSON that is expected.
    #[error("is not a list of producers: {0}{hint}", hint = json_hint(.0))]
    Json(#[from] serde_json::Error),
    /// An entry names both a sender and a role, or neither.
    #[error("needs a sender or a role in every entry, and not both")]
    Who,
    /// A sender that no id can be.
    #[error(
        "has the sender '{0}', which is no id of SQS: a star stands only in the last part, as in AROAEXAMPLE:*"
    )]
    Sender(String),
    /// A hub that cannot be one.
    #[error("names the hub '{0}', which cannot be one")]
    Hub(String),
    /// An action that there is not.
    #[error("names the action '{0}'; there are {all}{hint}", all = KINDS.join(", "), hint = hint(.0, KINDS))]
    Action(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Form {
    sender: Option<String>,
    role: Option<String>,
    /// All when left out.
    #[serde(default, deserialize_with = "filled")]
    hubs: Vec<String>,
    /// All when left out.
    #[serde(default, deserialize_with = "filled")]
    actions: Vec<String>,
}

impl Producers {
    /// Reads a JSON list of `{sender, role, hubs, actions}`.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub fn parse(text: &str, own: Vec<SenderPattern>) -> Result<Self, ProducersError> {
        let forms: Vec<Form> = serde_json::from_str(text)?;
        let listed = forms.into_iter().map(Producer::read).collect::<Result<_, _>>()?;
        Ok(Self::Listed { own, listed })
    }

    /// Whether a sender of SQS may produce everything, also jobs, as hubcast's own functions do.
    pub fn trusts(&self, sender: &str) -> bool {
        match self {
            Self::Anyone => true,
            Self::Listed { own, .. } => {
                own.iter().any(|pattern| pattern.fits(sender))
                    || self
                        .entries_of(sender)
                        .any(|one| one.hubs == Hubs::Any && one.actions.is_none())
            }
        }
    }

    /// Whether a sender of SQS may produce a notification.
    pub fn allow(&self, sender: &str, notification: &Notification) -> bool {
        self.trusts(sender) || self.entries_of(sender).any(|one| one.covers(notification))
    }

    fn entries_of(&self, sender: &str) -> impl Iterator<Item = &Producer> {
        let is_meant =
            move |one: &&Producer| matches!(&one.who, Who::Sender(pattern) if pattern.fits(sender));
        self.listed().filter(is_meant)
    }

    /// Whether a bearer of these roles may do one kind of thing on a hub. Roles that no entry names
    /// may do everything.
    pub fn allow_role(&self, roles: &[String], hub: &HubName, kind: &str) -> bool {
        let may = |role: &String| {
            self.entries_of_role(role).any(|one| one.hubs.contains(hub) && one.may(kind))
        };
        roles.iter().any(|role| self.leaves_role(role) || may(role))
    }

    /// Whether a bearer of these roles may produce a notification.
    pub fn allow_roles(&self, roles: &[String], notification: &Notification) -> bool {
        let may = |role: &String| self.entries_of_role(role).any(|one| one.covers(notification));
        roles.iter().any(|role| self.leaves_role(role) || may(role))
    }

    /// Whether a role may do everything, since no entry names the role.
    pub fn leaves_role(&self, role: &str) -> bool {
        self.entries_of_role(role).next().is_none()
    }

    fn entries_of_role(&self, role: &str) -> impl Iterator<Item = &Producer> {
        self.listed().filter(move |one| matches!(&one.who, Who::Role(named) if named == role))
    }

    fn listed(&self) -> impl Iterator<Item = &Producer> {
        let listed: &[Producer] = match self {
            Self::Anyone => &[],
            Self::Listed { listed, .. } => listed,
        };
        listed.iter()
    }
}

impl Producer {
    fn read(form: Form) -> Result<Self, ProducersError> {
        let who = match (form.sender, form.role) {
            (Some(sender), None) => Who::Sender(SenderPattern::parse(&sender)?),
            (None, Some(role)) if !role.is_empty() => Who::Role(role),
            _ => return Err(ProducersError::Who),
        };
        let hub = |hub: &String| HubName::parse(hub).map_err(|_| ProducersError::Hub(hub.clone()));
        let hubs = form.hubs.iter().map(hub).collect::<Result<Vec<_>, _>>()?;
        let unknown = |action: &&String| !KINDS.contains(&action.as_str());
        if let Some(action) = form.actions.iter().find(unknown) {
            return Err(ProducersError::Action(action.clone()));
        }
        let hubs = if hubs.is_empty() { Hubs::Any } else { Hubs::Only(hubs) };
        let actions = (!form.actions.is_empty()).then_some(form.actions);
        Ok(Self { who, hubs, actions })
    }

    fn covers(&self, notification: &Notification) -> bool {
        let is_there = if matches!(&notification.content, Content::Action(action) if action.is_everywhere())
        {
            self.hubs == Hubs::Any
        } else {
            self.hubs.contains(&notification.hub)
        };
        is_there && self.may(notification.content.kind())
    }

    fn may(&self, kind: &str) -> bool {
        self.actions.as_ref().is_none_or(|actions| actions.iter().any(|action| action == kind))
    }
}

impl SenderPattern {
    /// Reads an id: of a user, of an account, of a role with its session or with `:*` for any.
    ///
    /// # Errors
    /// When a star stands elsewhere, or there is no id.
    pub fn parse(text: &str) -> Result<Self, ProducersError> {
        let id = text.strip_suffix(ANY_SESSION).unwrap_or(text);
        let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_graphic() && c != '*');
        if is_id { Ok(Self(text.to_owned())) } else { Err(ProducersError::Sender(text.to_owned())) }
    }

    fn fits(&self, sender: &str) -> bool {
        match self.0.strip_suffix(ANY_SESSION) {
            Some(role) => sender.split_once(':').is_some_and(|(id, _)| id == role),
            None => sender == self.0,
        }
    }
}

#[cfg(test)]
mod tests;
