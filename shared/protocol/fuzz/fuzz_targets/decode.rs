//! Any frame is taken apart without a panic, and what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr_protocol::framing::records;
use signalr_protocol::message::{Decoded, HubMessage};

fuzz_target!(|frame: &str| {
    let records = records(frame, 256).unwrap_or_else(|_| vec![frame]);
    for record in records {
        let Ok(Decoded::Message(message)) = HubMessage::decode(record) else { continue };
        let encoded = message.encode();
        let again = encoded.strip_suffix('\u{1e}').expect("a record ends in its separator");
        assert!(!again.contains('\u{1e}'), "{again:?}");
        assert_eq!(HubMessage::decode(again), Ok(Decoded::Message(message)));
    }
});
