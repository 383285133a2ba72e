//! From queue messages to sockets.

mod actions;
mod big;
mod close;
mod delivery;
mod given_up;
mod joining;
mod redelivery;
mod rejects;
mod retries;
mod stalled;
