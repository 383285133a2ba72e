//! From which message something comes, through jobs and redrives.

/// The message, and its element, that a progress key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The id under which the queue first took the message.
    pub message_id: &'a str,
    /// The number of the element in that message, from 0.
    pub element: usize,
}

impl<'a> Origin<'a> {
    /// Reads a key such as `{message}/0`, the key of a job (`{message}/0/3`) or of a redriven element
    /// (`{message}/0/0`).
    pub fn of(key: &'a str) -> Self {
        let (message_id, rest) = key.split_once('/').unwrap_or((key, ""));
        let element = rest.split('/').next().and_then(|number| number.parse().ok());
        Self { message_id, element: element.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_redrives_come_from_the_first_message() {
        for (key, message_id, element) in [
            ("m/0", "m", 0),
            ("m/12", "m", 12),
            ("m/12/3", "m", 12),
            ("m/1/0", "m", 1),
            ("m/2/rejected/0", "m", 2),
            ("m", "m", 0),
            ("", "", 0),
        ] {
            assert_eq!(Origin::of(key), Origin { message_id, element }, "{key}");
        }
    }
}
