//! The publisher's rules over real wires on which things go wrong.
//!
//! The real handler with its real adapters (lean poster, DynamoDB, SQS) talks to
//! the local stack through a proxy that has requests fail as a test says.
//! Clients are WebSockets on the stack itself.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod client;
mod posts;
mod proxy;
mod queues;
mod rig;
mod table;
