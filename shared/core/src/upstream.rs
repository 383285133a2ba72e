//! What backends hear of clients: connected, disconnected, and the methods that clients invoke.
//!
//! A [`Client`] is kept from `$connect` on, in a row of its own: whoever takes
//! that row tells the end, so it is told once, whoever finds the socket gone.
//! The handshake tells the beginning and marks the row afterwards, so that an
//! end is never told before its beginning. Backends may fail; sockets do not
//! for that: what could not be told is logged.

mod client;
mod event;
mod patient;
mod presence;
mod template;
mod webhook;

pub use client::{ClaimPolicy, Client, KnownClient, Values};
pub use event::{Call, ended, invoked, started, time_out};
pub use patient::Upstream;
pub use presence::{announce, disconnect, tell};
pub use template::{TemplateError, Templates};
pub use webhook::HeardEvent;
