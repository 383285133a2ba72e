//! The local stack as its users see it: over the wire, with clients that are not ours.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say so")]

mod authorizer;
mod connect;
mod demo;
mod dev;
mod http_api;
mod limits;
mod management;
mod message;
mod poller;
mod program;
mod rig;
mod sqs;
mod stack;
