//! Any record is told apart as a handshake or not, and its answer is one record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr_protocol::handshake::{HandshakeRequest, HandshakeResponse, is_handshake};
use signalr_protocol::message::HubMessage;
use signalr_protocol::negotiate::NegotiateVersion;

fuzz_target!(|record: &str| {
    let answer = HandshakeRequest::parse(record).and_then(|request| request.accept());
    if is_handshake(record) {
        assert!(HubMessage::decode(record).is_err(), "a handshake is no hub message");
    }
    let error = answer.err().map(|refusal| refusal.to_string().into());
    let encoded = HandshakeResponse { error }.encode();
    assert_eq!(encoded.find('\u{1e}'), Some(encoded.len() - 1), "{encoded:?}");
    let _ = NegotiateVersion::from_query(Some(record));
});
