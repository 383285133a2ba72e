//! The use cases over an in-memory table and a queue that remembers: all that needs no other room.

#![expect(clippy::expect_used, reason = "a test ends at the first surprise")]

mod execution;
mod invocations;
mod office;
mod roster;
mod sender;
mod streams;
