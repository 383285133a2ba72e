//! What is read and written, case by case.
//!
//! The cases follow the hub and transport protocols' specifications, the .NET
//! server's own tests and what official and other clients were seen to send.

mod handshake;
