//! Elements of messages as JSON.

use std::time::Duration;

use hubcast_model::time::Timestamp;
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::perform::{group_name, user_name};
use crate::plan::{Element, Life, Subject, What, Who};
use crate::world::HUBS;

/// What the record of an element is known by.
pub(crate) fn label(number: usize) -> String {
    format!("t{number}")
}

/// The body of a message of these elements, of which the first has this number.
pub(crate) fn body(elements: &[Element], first: usize, ledger: &Ledger, now: Timestamp) -> String {
    let json = |(at, element)| json_of(element, &label(first + at), ledger, now);
    let mut all: Vec<Value> = elements.iter().enumerate().map(json).collect();
    match all.len() {
        1 => all.remove(0).to_string(),
        _ => Value::from(all).to_string(),
    }
}

fn json_of(element: &Element, label: &str, ledger: &Ledger, now: Timestamp) -> Value {
    let mut json = match &element.what {
        What::Message { who, excluded, life, is_long } => {
            let mut json = json!({ "target": label });
            address(&mut json, who, ledger);
            if let Some(connection) = excluded.and_then(|at| connection(at, ledger)) {
                json["excludedConnectionIds"] = json!([connection]);
            }
            if *is_long {
                json["arguments"] = json!(["x".repeat(20_000)]);
            }
            match life {
                Life::Endless => {}
                Life::Soon => json["expiresAt"] = at(now.plus(Duration::from_secs(2))),
                Life::Past => json["expiresAt"] = "2020-01-01T00:00:00Z".into(),
            }
            json
        }
        What::Add { subject, group } => change("add", *subject, Some(*group), ledger),
        What::Remove { subject, group } => change("remove", *subject, Some(*group), ledger),
        What::RemoveAll { subject } => change("removeAll", *subject, None, ledger),
        What::Close { who, may_return } => {
            let mut json =
                json!({ "action": "close", "reason": label, "allowReconnect": may_return });
            address(&mut json, who, ledger);
            json
        }
        What::Block { user } => json!({ "action": "block", "userId": user_name(*user) }),
        What::Unblock { user } => json!({ "action": "unblock", "userId": user_name(*user) }),
        What::Bad => json!({ "usrId": label, "target": "t" }),
    };
    json["hub"] = HUBS[usize::from(element.hub)].into();
    json
}

fn at(time: Timestamp) -> Value {
    let seconds =
        time.as_seconds() - Timestamp::parse("2026-11-23T00:00:00Z").unwrap().as_seconds();
    format!("2026-11-23T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60).into()
}

fn connection(at: usize, ledger: &Ledger) -> Option<String> {
    ledger.sockets.get(at).map(|life| life.connection.clone())
}

fn address(json: &mut Value, who: &Who, ledger: &Ledger) {
    match who {
        Who::Socket(at) => {
            json["connectionId"] =
                connection(*at, ledger).unwrap_or_else(|| "nobody".into()).into();
        }
        Who::Users(users) => {
            json["userIds"] = users.iter().map(|user| user_name(*user)).collect();
        }
        Who::Groups(groups) => {
            json["groupNames"] = groups.iter().map(|group| group_name(*group)).collect();
        }
        Who::Hub => json["everyone"] = true.into(),
    }
}

fn change(action: &str, subject: Subject, group: Option<u8>, ledger: &Ledger) -> Value {
    let mut json = json!({ "action": action });
    match subject {
        Subject::Socket(at) => address(&mut json, &Who::Socket(at), ledger),
        Subject::User(user) => json["userId"] = user_name(user).into(),
    }
    if let Some(group) = group {
        json["groupName"] = group_name(group).into();
    }
    json
}
