//! What happened to a user, or to a connection, as their lines tell.

use std::collections::BTreeMap;

use super::fate::{Outcome, of_message};
use super::{Line, Step};

/// What happened to a connection, in a sentence; `None` when no line is about the connection.
pub fn of_connection(connection_id: &str, lines: &[Line]) -> Option<String> {
    let own: Vec<&Line> =
        lines.iter().filter(|line| line.text("connection_id") == Some(connection_id)).collect();
    let last = own.iter().rev().find(|line| line.step != Step::Replayed)?;
    let messages = messages(lines, connection_id);
    Some(format!("The connection {}. {messages}", standing(last)))
}

/// What happened to a user, in a sentence; `None` when no line is about the user, whom lines call
/// `name`.
pub fn of_user(name: &str, lines: &[Line]) -> Option<String> {
    let mut newest: BTreeMap<&str, &Line> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.text("user") == Some(name)) {
        if let Some(connection) = line.text("connection_id")
            && line.step != Step::Replayed
        {
            newest.insert(connection, line);
        }
    }
    let messages = messages(lines, name);
    if newest.is_empty() && messages == NO_MESSAGE {
        return None;
    }
    let ready = newest.values().filter(|line| line.step == Step::Ready).count();
    let ends: Vec<String> = newest
        .values()
        .filter(|line| line.step == Step::Closed)
        .map(|line| standing(line))
        .collect();
    let ended = match ends.as_slice() {
        [] => String::new(),
        [one] => format!(", one {one}"),
        [.., last] => format!(", {} ended (the last {last})", ends.len()),
    };
    let known = newest.len();
    Some(format!("Lines tell of {known} connections: {ready} ready{ended}. {messages}"))
}

const NO_MESSAGE: &str = "No line tells of a message for it.";

/// How many messages were for an audience of this name, and what became of them.
fn messages(lines: &[Line], name: &str) -> String {
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut seen: Vec<&str> = Vec::new();
    for line in lines.iter().filter(|line| is_for(line, name)) {
        let Some(id) = line.text("message_id").filter(|id| !seen.contains(id)) else {
            continue;
        };
        seen.push(id);
        if let Some(fate) = of_message(id, lines) {
            *outcomes.entry(fate.outcome).or_default() += 1;
        }
    }
    if outcomes.is_empty() {
        return NO_MESSAGE.to_owned();
    }
    let parts: Vec<String> =
        outcomes.iter().map(|(outcome, count)| format!("{count} {}", outcome.as_str())).collect();
    format!("Messages: {}.", parts.join(", "))
}

fn is_for(line: &Line, name: &str) -> bool {
    line.text("audience").is_some_and(|names| names.split(' ').any(|one| one == name))
}

/// What a connection is by its newest line.
fn standing(line: &Line) -> String {
    match line.step {
        Step::Negotiated => "was negotiated, and no socket was opened".to_owned(),
        Step::Connected => "has a socket, and no handshake was finished".to_owned(),
        Step::Ready => "is ready".to_owned(),
        Step::Closing => {
            format!("was told to go by hubcast ({})", line.text("why").unwrap_or("unknown"))
        }
        Step::Refused => format!("was refused ({})", line.text("why").unwrap_or("unknown")),
        _ => closed(line),
    }
}

fn closed(line: &Line) -> String {
    let (by, why) = (line.text("by"), line.text("why"));
    match (by, why, line.text("message_id")) {
        (_, Some("asked"), Some(message)) => {
            format!("was closed by a backend, by the message {message}")
        }
        (_, Some("blocked"), _) => {
            "was closed, since its user is blocked or has logged out".to_owned()
        }
        (Some("hubcast"), Some(why), _) => format!("was closed by hubcast ({why})"),
        _ => match line.fields.get("close_code") {
            Some(code) => format!("was closed by its client or the network (code {code})"),
            None => "was closed by its client or the network".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::line::testing::line;
    use super::*;

    #[test]
    fn a_log_out_names_its_message() {
        let who = json!({ "connection_id": "c", "user": "u" });
        let asked = json!({ "connection_id": "c", "user": "u", "by": "backend", "why": "asked", "message_id": "m" });
        let done = json!({ "message_id": "m", "audience": "u", "kind": "close" });
        let lines = [
            line(1, Step::Ready, &who),
            line(2, Step::Changed, &done),
            line(3, Step::Closed, &asked),
        ];
        let connection = of_connection("c", &lines).unwrap();
        assert!(
            connection.starts_with("The connection was closed by a backend, by the message m.")
        );
        let user = of_user("u", &lines).unwrap();
        assert_eq!(
            user,
            "Lines tell of 1 connections: 0 ready, one was closed by a backend, by the message m. Messages: 1 done."
        );
    }

    #[test]
    fn who_got_nothing_was_not_there_or_was_sent_nothing() {
        let lines = [line(1, Step::Ready, &json!({ "connection_id": "c", "user": "u" }))];
        let user = of_user("u", &lines).unwrap();
        assert_eq!(user, format!("Lines tell of 1 connections: 1 ready. {NO_MESSAGE}"));
        assert_eq!(of_user("other", &lines), None);
        assert_eq!(of_connection("other", &lines), None);
    }
}
