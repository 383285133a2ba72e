//! From queue messages to sockets.

mod actions;
mod close;
mod delivery;
mod redelivery;
mod rejects;
mod retries;
