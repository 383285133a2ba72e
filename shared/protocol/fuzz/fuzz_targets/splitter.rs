//! However a stream is cut, the same records come out of it. The first byte says where to cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signalr_protocol::framing::{RECORD_SEPARATOR, Splitter, records};

fuzz_target!(|input: (u8, &[u8])| {
    let (step, stream) = input;
    let mut whole = Splitter::default();
    let expected = whole.push(stream);
    let mut pieces = Splitter::default();
    let found: Vec<Vec<u8>> =
        stream.chunks(usize::from(step) + 1).flat_map(|piece| pieces.push(piece)).collect();
    assert_eq!(found, expected);
    assert_eq!(pieces.pending_bytes(), whole.pending_bytes());
    agree(stream, &expected);
});

/// A frame of whole records holds what a stream of the same bytes does.
fn agree(stream: &[u8], expected: &[Vec<u8>]) {
    let Ok(frame) = std::str::from_utf8(stream) else { return };
    match records(frame, usize::MAX) {
        Ok(records) => assert!(records.iter().map(|record| record.as_bytes()).eq(expected)),
        Err(_) => {
            assert!(stream.last() != Some(&RECORD_SEPARATOR) || expected.iter().any(Vec::is_empty))
        }
    }
}
