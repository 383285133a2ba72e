//! What happened to a user, or to a connection, as their lines tell.

use std::collections::BTreeMap;

use super::connection::NOT_KNOWN;
use super::fate::{Outcome, of_message};
use super::{Line, Step};

/// What happened to a connection, in a sentence; `None` when no line is about the connection.
pub fn of_connection(connection_id: &str, lines: &[Line]) -> Option<String> {
    let own = lines.iter().filter(|line| line.text("connection_id") == Some(connection_id));
    let last = newest(own)?;
    let messages = messages(lines, connection_id);
    Some(format!("The connection {}. {messages}", standing(last, lines)))
}

/// What happened to a user, in a sentence; `None` when no line is about the user, whom lines call
/// `name`.
pub fn of_user(name: &str, lines: &[Line]) -> Option<String> {
    let mut own: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.text("user") == Some(name)) {
        if let Some(connection) = line.text("connection_id") {
            own.entry(connection).or_default().push(line);
        }
    }
    let last: Vec<&Line> = own.into_values().filter_map(newest).collect();
    let messages = messages(lines, name);
    if last.is_empty() && messages == NO_MESSAGE {
        return None;
    }
    let ready = last.iter().filter(|line| line.step == Step::Ready).count();
    let mut ends: Vec<&Line> = last.iter().copied().filter(|line| is_end(line)).collect();
    ends.sort_by_key(|line| line.at);
    let ends: Vec<String> = ends.into_iter().map(|line| standing(line, lines)).collect();
    let ended = match ends.as_slice() {
        [] => String::new(),
        [one] => format!(", one {one}"),
        [.., last] => format!(", {} ended (the last {last})", ends.len()),
    };
    let known = match last.len() {
        1 => "1 connection".to_owned(),
        known => format!("{known} connections"),
    };
    Some(format!("Lines tell of {known}: {ready} ready{ended}. {messages}"))
}

/// The line that says how a connection is. A client that is told to go may be gone before the line
/// about that is written, so an end counts before that.
fn newest<'l>(own: impl IntoIterator<Item = &'l Line>) -> Option<&'l Line> {
    let own: Vec<&Line> = own.into_iter().filter(|line| line.step != Step::Replayed).collect();
    let last = *own.last()?;
    let is_same = |line: &&&Line| line.text("socket_id") == last.text("socket_id");
    let end = own.iter().filter(is_same).find(|line| line.step == Step::Closed);
    Some(if last.step == Step::Closing { end.unwrap_or(&last) } else { last })
}

const fn is_end(line: &Line) -> bool {
    matches!(line.step, Step::Closed | Step::Closing)
}

const NO_MESSAGE: &str = "No line tells of a message for it.";

/// How many messages were for an audience of this name, and what became of them.
pub fn messages(lines: &[Line], name: &str) -> String {
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
fn standing(line: &Line, lines: &[Line]) -> String {
    match line.step {
        Step::Negotiated => "was negotiated, and no socket was opened".to_owned(),
        Step::Connected => "has a socket, and no handshake was finished".to_owned(),
        Step::Ready => "is ready".to_owned(),
        Step::Closing => told(line),
        Step::Refused => format!("was refused ({})", line.text("why").unwrap_or("unknown")),
        _ => closed(line, lines),
    }
}

/// What a client was told that has to go.
fn told(line: &Line) -> String {
    match (line.text("message_id"), line.text("why")) {
        (Some(message), _) => format!("was told to go by a backend, by the message {message}"),
        (None, why) => format!("was told to go by hubcast ({})", why.unwrap_or("unknown")),
    }
}

fn closed(line: &Line, lines: &[Line]) -> String {
    let (by, why) = (line.text("by"), line.text("why"));
    match (by, why, line.text("message_id")) {
        (_, Some("asked"), Some(message)) => {
            format!("was closed by a backend, by the message {message}")
        }
        (_, Some("blocked"), _) => {
            "was closed, since its user is blocked or has logged out".to_owned()
        }
        (Some("hubcast"), Some(why), _) => format!("was closed by hubcast ({why})"),
        _ => left(line, lines),
    }
}

/// Why a client left by itself: since it was told to go, where a line says so.
fn left(line: &Line, lines: &[Line]) -> String {
    let socket = line.text("socket_id");
    let is_farewell = |other: &&Line| {
        other.step == Step::Closing
            && other.text("socket_id") == socket
            && other.text("why") != Some(NOT_KNOWN)
    };
    let farewell = lines.iter().find(is_farewell).filter(|_| socket.is_some());
    if let Some(farewell) = farewell {
        return match (farewell.text("message_id"), farewell.text("why")) {
            (Some(message), _) => format!("was closed by a backend, by the message {message}"),
            (None, why) => format!("was closed by hubcast ({})", why.unwrap_or("unknown")),
        };
    }
    match line.fields.get("close_code") {
        Some(code) => format!("was closed by its client or the network (code {code})"),
        None => "was closed by its client or the network".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
            "Lines tell of 1 connection: 0 ready, one was closed by a backend, by the message m. Messages: 1 done."
        );
    }

    #[test]
    fn who_left_since_a_close_was_read_was_closed_by_whoever_asked_for_the_close() {
        let who = |more: Value| {
            let mut fields = json!({ "connection_id": "c", "user": "u", "socket_id": "s" });
            fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            fields
        };
        let left =
            who(json!({ "by": "client_or_network", "why": "disconnected", "close_code": 1000 }));
        let asked = who(json!({ "by": "backend", "why": "asked", "message_id": "m" }));
        let own = who(json!({ "by": "hubcast", "why": "come_back" }));
        let ends = |first: (Step, &Value), second: (Step, &Value)| {
            let lines = [
                line(1, Step::Ready, &who(json!({}))),
                line(2, first.0, first.1),
                line(3, second.0, second.1),
            ];
            [of_connection("c", &lines).unwrap(), of_user("u", &lines).unwrap()]
        };
        for told in ends((Step::Closing, &asked), (Step::Closed, &left))
            .into_iter()
            .chain(ends((Step::Closed, &left), (Step::Closing, &asked)))
        {
            assert!(told.contains("was closed by a backend, by the message m"), "{told}");
        }
        let [told, _] = ends((Step::Closing, &own), (Step::Closed, &left));
        assert!(told.starts_with("The connection was closed by hubcast (come_back)."), "{told}");
        let late = who(json!({ "by": "hubcast", "why": NOT_KNOWN }));
        for told in [
            ends((Step::Closing, &late), (Step::Closed, &left)),
            ends((Step::Closed, &left), (Step::Closing, &late)),
        ]
        .concat()
        {
            assert!(told.contains("by its client or the network (code 1000)"), "{told}");
        }
        let other =
            json!({ "connection_id": "c", "user": "u", "socket_id": "t", "message_id": "m" });
        let [told, _] = ends((Step::Closing, &other), (Step::Closed, &left));
        assert!(told.contains("by its client or the network (code 1000)"), "{told}");
    }

    #[test]
    fn who_got_nothing_was_not_there_or_was_sent_nothing() {
        let lines = [line(1, Step::Ready, &json!({ "connection_id": "c", "user": "u" }))];
        let user = of_user("u", &lines).unwrap();
        assert_eq!(user, format!("Lines tell of 1 connection: 1 ready. {NO_MESSAGE}"));
        assert_eq!(of_user("other", &lines), None);
        assert_eq!(of_connection("other", &lines), None);
    }
}
