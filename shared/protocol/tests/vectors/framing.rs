//! Frames and streams, and the records that they hold.

use signalr_protocol::framing::{FrameError, Splitter, frame, records};
use signalr_protocol::handshake::{HandshakeRequest, is_handshake};
use signalr_protocol::message::{Decoded, HubMessage};

const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
const INVOCATION: &str =
    "{\"type\":1,\"invocationId\":\"0\",\"target\":\"Echo\",\"arguments\":[\"発\"]}\u{1e}";

#[test]
fn a_handshake_and_an_invocation_may_share_a_frame() {
    let frame = format!("{HANDSHAKE}{INVOCATION}");
    let records = records(&frame, 256).unwrap();
    let [handshake, invocation] = records[..] else { panic!("{records:?}") };
    assert!(is_handshake(handshake) && !is_handshake(invocation));
    assert!(HandshakeRequest::parse(handshake).is_ok());
    assert!(matches!(
        HubMessage::decode(invocation),
        Ok(Decoded::Message(HubMessage::Invocation(_)))
    ));
}

#[test]
fn a_frame_is_whole_records_or_nothing() {
    let separators = "\u{1e}".repeat(300);
    for (text, expected) in [
        ("", FrameError::Empty),
        ("{\"type\":6}", FrameError::Incomplete),
        ("{\"type\":6}\u{1e}{\"type\":6", FrameError::Incomplete),
        ("{\"type\":6}\u{1e}\nx", FrameError::Incomplete),
        ("\n", FrameError::Empty),
        (" \r\n", FrameError::Empty),
        ("\u{1e}", FrameError::EmptyRecord),
        ("{\"type\":6}\u{1e}\u{1e}", FrameError::EmptyRecord),
        ("\u{1e}{\"type\":6}\u{1e}", FrameError::EmptyRecord),
        (&separators, FrameError::EmptyRecord),
        ("1\u{1e}2\u{1e}3\u{1e}4\u{1e}", FrameError::TooManyRecords { max: 3 }),
    ] {
        assert_eq!(records(text, 3), Err(expected), "{text:?}");
    }
}

#[test]
fn white_space_behind_the_last_separator_is_nothing() {
    for end in ["\n", "\r\n", " \t"] {
        let frame = format!("{{\"type\":6}}\u{1e}{end}");
        assert_eq!(records(&frame, 3).unwrap(), ["{\"type\":6}"], "{end:?}");
    }
}

#[test]
fn records_are_joined_and_split_again() {
    let three = ["{\"type\":6}", " {} ", "語"];
    assert_eq!(records(&frame(three), 3).unwrap(), three);
}

#[test]
fn a_record_may_arrive_in_pieces() {
    let stream = format!("{HANDSHAKE}{INVOCATION}{{\"type\":6}}\u{1e}{{\"type\"");
    // The cut falls into a character of three bytes.
    let cut = stream.find('発').unwrap() + 1;
    let (one, other) = stream.as_bytes().split_at(cut);
    let mut splitter = Splitter::default();
    assert_eq!(splitter.push(one), [HANDSHAKE.trim_end_matches('\u{1e}').as_bytes()]);
    assert_eq!(splitter.pending_bytes(), cut - HANDSHAKE.len());
    let rest = [INVOCATION.trim_end_matches('\u{1e}').as_bytes(), br#"{"type":6}"#];
    assert_eq!(splitter.push(other), rest);
    assert_eq!(splitter.pending_bytes(), br#"{"type""#.len());
}
