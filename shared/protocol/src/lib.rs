//! The SignalR JSON hub protocol as a pure codec.
//!
//! Framing, the handshake, all hub messages in both directions and the bodies
//! of negotiation, after the specification at
//! <https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md>
//! and what the official clients really do. No async, no clock, no I/O.
//! Payloads (arguments, results, items) stay raw JSON and pass byte for byte.

pub mod depth;
pub mod framing;
pub mod handshake;
mod json;
pub mod message;
pub mod negotiate;
pub mod texts;

pub use framing::RECORD_SEPARATOR;

/// The examples of the crate's page are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
