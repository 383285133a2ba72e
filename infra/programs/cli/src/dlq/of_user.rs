//! Dead letters that name one user.

use std::collections::BTreeSet;

use hubcast_aws::operator::{Letter, Queue};
use hubcast_model::id::{HubName, UserId};
use serde_json::Value;

use super::{HOLD, Held};
use crate::failure::Failure;

/// What became of the letters that name a user.
#[derive(Debug, Default)]
pub(crate) struct OfUser {
    /// How many were for the user alone, and are dropped.
    pub(crate) erased: usize,
    /// The ids of the others.
    pub(crate) left: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    Nobody,
    User,
    Others,
}

/// Drops the letters that are for a user alone, on these hubs; counts them only on a dry run.
pub(crate) async fn erase_letters(
    queue: &Queue,
    user: &UserId,
    hubs: &BTreeSet<HubName>,
    is_dry: bool,
) -> Result<OfUser, Failure> {
    let (mut found, mut held) = (OfUser::default(), Held::default());
    let ended = loop {
        let letters = match queue.take_letters(HOLD).await {
            Ok(letters) if letters.is_empty() => break Ok(()),
            Ok(letters) => letters,
            Err(err) => break Err(Failure::from(err)),
        };
        for letter in letters {
            match naming(&letter, user, hubs) {
                Naming::User if is_dry => found.erased += 1,
                Naming::User => {
                    queue.drop_letter(&letter).await?;
                    found.erased += 1;
                    continue;
                }
                Naming::Others => found.left.push(letter.id.clone()),
                Naming::Nobody => {}
            }
            held.0.push(letter);
        }
    };
    held.release(queue).await?;
    ended.map(|()| found)
}

fn naming(letter: &Letter, user: &UserId, hubs: &BTreeSet<HubName>) -> Naming {
    let Ok(body) = serde_json::from_str::<Value>(&letter.body) else {
        let is_named = letter.body.contains(user.as_str());
        return if is_named { Naming::Others } else { Naming::Nobody };
    };
    let elements = match &body {
        Value::Array(elements) => elements.as_slice(),
        element => std::slice::from_ref(element),
    };
    if !elements.is_empty() && elements.iter().all(|element| is_for(element, user, hubs)) {
        return Naming::User;
    }
    if names(&body, user) { Naming::Others } else { Naming::Nobody }
}

/// Whether an element is for a user alone, on one of these hubs or the default one.
fn is_for(element: &Value, user: &UserId, hubs: &BTreeSet<HubName>) -> bool {
    let text = |name: &str| element.get(name).and_then(Value::as_str);
    let is_there =
        text("hub").is_none_or(|hub| HubName::parse(hub).is_ok_and(|hub| hubs.contains(&hub)));
    is_there && text("userId") == Some(user.as_str())
}

/// Whether any text in a value is the user's name.
fn names(value: &Value, user: &UserId) -> bool {
    match value {
        Value::String(text) => text == user.as_str(),
        Value::Array(values) => values.iter().any(|value| names(value, user)),
        Value::Object(fields) => fields.values().any(|value| names(value, user)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
