//! What a message leaves behind for those who are not there.

use std::time::Duration;

use crate::retention::RetainedKey;

/// What a message leaves behind for those who are not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Retention {
    /// Nothing.
    #[default]
    Nothing,
    /// A value on the audience's board: whoever comes into the audience gets the last value of the
    /// key.
    Board(RetainedKey),
    /// A message in the user's inbox, if no socket took the message: the user gets it with the next
    /// connection, for so long after it was sent, in whole seconds.
    Inbox(Duration),
}
