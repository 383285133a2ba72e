//! Batches of events, endpoints that take them or do not, and what the queue must keep.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod beginnings;
mod events;
mod example;
mod invocations;
mod rig;
