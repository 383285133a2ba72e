//! The program as people and scripts use it: run as a process against a local stack.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say so")]

mod audit;
mod console;
mod dlq;
mod docs;
mod doctor;
mod listen;
mod people;
mod place;
mod probe;
mod rig;
mod send;
mod settings;
mod token;
mod why;
