//! Records and frames: every record ends in the byte 0x1E.
//!
//! A frame holds whole records. The .NET server also takes a record that is
//! split over frames ([`Splitter`] does); clients never split one.

/// The byte that ends every record.
pub const RECORD_SEPARATOR: u8 = 0x1e;

const SEPARATOR: char = RECORD_SEPARATOR as char;

/// Why a frame is not a sequence of whole records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The frame holds nothing at all, or white space only.
    #[error("the frame is empty")]
    Empty,
    /// The frame does not end in a record separator.
    #[error("the last record is incomplete")]
    Incomplete,
    /// Two separators stand side by side, or one stands first.
    #[error("a record is empty")]
    EmptyRecord,
    /// More records than the limit.
    #[error("the frame holds more than {max} records")]
    TooManyRecords {
        /// The limit.
        max: usize,
    },
}

/// Splits a frame into its records, without their separators.
///
/// Stops early at `max_records`, so that a frame of very many costs little.
///
/// # Errors
/// When the frame is not one or more whole records; none of it should be used then.
pub fn records(frame: &str, max_records: usize) -> Result<Vec<&str>, FrameError> {
    // Tools that send line by line end a frame with a line feed, and send one for an empty line.
    let frame = frame.trim_ascii_end();
    if frame.is_empty() {
        return Err(FrameError::Empty);
    }
    let Some(body) = frame.strip_suffix(SEPARATOR) else {
        return Err(FrameError::Incomplete);
    };
    let mut records = Vec::new();
    for record in body.split(SEPARATOR) {
        if record.is_empty() {
            return Err(FrameError::EmptyRecord);
        }
        if records.len() == max_records {
            return Err(FrameError::TooManyRecords { max: max_records });
        }
        records.push(record);
    }
    Ok(records)
}

/// Joins records into one frame, each ended by its separator.
pub fn frame<'a>(records: impl IntoIterator<Item = &'a str>) -> String {
    let mut frame = String::new();
    for record in records {
        frame.push_str(record);
        frame.push(SEPARATOR);
    }
    frame
}

/// Finds records in a stream that arrives in pieces of any size.
#[derive(Debug, Default)]
pub struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    /// Takes the next piece and answers the records that it completes, without separators.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Vec<u8>> {
        let mut complete = Vec::new();
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == RECORD_SEPARATOR) {
            let (head, tail) = rest.split_at(end);
            self.pending.extend_from_slice(head);
            complete.push(std::mem::take(&mut self.pending));
            rest = tail.get(1..).unwrap_or_default();
        }
        self.pending.extend_from_slice(rest);
        complete
    }

    /// How many bytes wait for their separator; bound this against senders that never end a record.
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_split_into_its_records() {
        assert_eq!(records("a\u{1e}b\u{1e}", 9), Ok(vec!["a", "b"]));
    }

    #[test]
    fn anything_but_whole_records_is_refused() {
        assert_eq!(records("", 9), Err(FrameError::Empty));
        assert_eq!(records("\r\n", 9), Err(FrameError::Empty));
        assert_eq!(records("a", 9), Err(FrameError::Incomplete));
        assert_eq!(records("a\u{1e}b", 9), Err(FrameError::Incomplete));
        assert_eq!(records("\u{1e}", 9), Err(FrameError::EmptyRecord));
        assert_eq!(records("a\u{1e}\u{1e}", 9), Err(FrameError::EmptyRecord));
    }

    #[test]
    fn the_limit_is_the_most_that_is_allowed() {
        assert_eq!(records("a\u{1e}b\u{1e}", 2).map(|r| r.len()), Ok(2));
        assert_eq!(records("a\u{1e}b\u{1e}", 1), Err(FrameError::TooManyRecords { max: 1 }));
    }

    #[test]
    fn a_frame_is_joined_from_records() {
        assert_eq!(frame(["a", "b"]), "a\u{1e}b\u{1e}");
        assert_eq!(frame([]), "");
    }
}
