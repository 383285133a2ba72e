//! Handshakes, and how they are answered.

use signalr_protocol::handshake::{
    ACCEPTED, HandshakeError, HandshakeRequest, HandshakeResponse, is_handshake,
};

const UNEXPECTED: &str = "An unexpected error occurred during connection handshake.";

/// The record that answers a handshake.
fn answer(record: &str) -> String {
    let refusal = HandshakeRequest::parse(record).and_then(|request| request.accept()).err();
    let error = refusal.as_ref().map(|refusal| refusal.to_string().into());
    HandshakeResponse { error }.encode()
}

fn refused(text: &str) -> String {
    format!("{{\"error\":\"{text}\"}}\u{1e}")
}

#[test]
fn the_json_protocol_is_accepted_whatever_else_the_record_says() {
    for record in [
        r#"{"protocol":"json","version":0}"#,
        r#"{"protocol":"json","version":1}"#,
        r#"{"protocol":"json","version":2}"#,
        r#"{"protocol":"Json","version":1}"#,
        r#"{"version":1,"protocol":"json"}"#,
        r#" { "extra" : {"protocol":"x"} , "version" : 1 , "protocol" : "json" } "#,
        r#"{"\u0070rotocol":"\u006ason","version":1}"#,
        r#"{"protocol":"json","version":1,"minorVersion":7,"type":null}"#,
    ] {
        assert!(is_handshake(record), "{record}");
        assert_eq!(answer(record), ACCEPTED, "{record}");
    }
}

#[test]
fn refusals_are_told_in_the_words_of_the_net_server() {
    let binary = "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.";
    for (record, text) in [
        (
            r#"{"protocol":"json","version":3}"#,
            "The server does not support version 3 of the 'json' protocol.",
        ),
        (
            r#"{"protocol":"json","version":9001}"#,
            "The server does not support version 9001 of the 'json' protocol.",
        ),
        (
            r#"{"protocol":"json","version":-1}"#,
            "The server does not support version -1 of the 'json' protocol.",
        ),
        (r#"{"protocol":"messagepack","version":1}"#, binary),
        (r#"{"protocol":"messagepack","version":2}"#, binary),
        (r#"{"protocol":"JSON5","version":1}"#, "The protocol 'JSON5' is not supported."),
        (
            r#"{"protocol":"MessagePack","version":1}"#,
            &binary.replace("messagepack", "MessagePack"),
        ),
        (r#"{"protocol":"","version":1}"#, "The protocol '' is not supported."),
        (r#"{"protocol":"発表","version":9001}"#, "The protocol '発表' is not supported."),
    ] {
        assert!(is_handshake(record), "{record}");
        assert_eq!(answer(record), refused(text), "{record}");
    }
}

#[test]
fn malformed_handshakes_are_refused_without_details() {
    for record in [
        "",
        "null",
        "[]",
        r#"["json",1]"#,
        "7",
        "{",
        r#"{"protocol":"json"}"#,
        r#"{"version":1}"#,
        r#"{"protocol":"json","version":null}"#,
        r#"{"protocol":"json","version":"1"}"#,
        r#"{"protocol":"json","version":1.5}"#,
        r#"{"protocol":null,"version":1}"#,
        r#"{"protocol":["json"],"version":1}"#,
        r#"{"protocol":"json","version":1"#,
        r#"{"protocol":"json","version":1}{}"#,
    ] {
        assert_eq!(answer(record), refused(UNEXPECTED), "{record}");
    }
}

#[test]
fn hub_messages_and_answers_are_no_handshakes() {
    for record in [
        "{}",
        r#"{"error":null}"#,
        r#"{"type":6}"#,
        r#"{"type":1,"protocol":"json","version":1,"target":"m","arguments":[]}"#,
        r#"{"protocol":null,"version":1}"#,
        r#"["json",null]"#,
    ] {
        assert!(!is_handshake(record), "{record}");
    }
}

#[test]
fn an_answer_fails_only_by_a_text() {
    let error = |record: &str| {
        let response: HandshakeResponse<'_> = serde_json::from_str(record).unwrap();
        response.error.map(String::from)
    };
    assert_eq!(error("{}"), None);
    assert_eq!(error(r#"{"error":null,"minorVersion":0}"#), None);
    assert_eq!(error(r#"{"error":"bad \u0022 text"}"#).as_deref(), Some("bad \" text"));
}

#[test]
fn a_long_name_is_echoed_in_part() {
    let record = format!(r#"{{"protocol":"{}","version":1}}"#, "語".repeat(1000));
    let refusal = HandshakeRequest::parse(&record).unwrap().accept();
    assert_eq!(refusal, Err(HandshakeError::Protocol("語".repeat(200))));
}
