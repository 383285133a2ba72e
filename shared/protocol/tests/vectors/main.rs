//! What is read and written, case by case.
//!
//! The cases follow the hub and transport protocols' specifications, the .NET
//! server's own tests and what official and other clients were seen to send.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod framing;
mod handshake;
mod negotiation;
mod reading;
mod writing;
