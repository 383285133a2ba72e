//! The `JoinGroup` and `LeaveGroup` routes: the message use case for frames
//! that API Gateway can route by their `target`.
//!
//! Whether it can route frames that end in a record separator is not
//! documented, so every rule holds whichever of the two functions is invoked.

pub use message::{handle, wiring};
