//! What hubcast speaks of, without AWS, Lambda or JWT types.
//!
//! Ids, channels, sockets, tokens' principals, envelopes, settings, and the
//! [`ports`] through which the rules reach the outside world. Nothing here
//! decides anything about a connection or a message; the rooms that do, stand
//! beside this crate.

pub mod access;
pub mod audience;
pub mod cached;
pub mod channel;
pub mod client;
pub mod context;
pub mod dead_letter;
pub mod envelope;
pub mod event;
pub mod frame;
pub mod front_door;
pub mod groups;
pub mod handshake;
pub mod id;
pub mod ingress;
pub mod journey;
mod list;
pub mod mark;
pub mod message_group;
pub mod origin;
pub mod ports;
pub mod principal;
pub mod producers;
pub mod properties;
pub mod public_url;
pub mod query;
pub mod queue_text;
pub mod report;
pub mod retention;
pub mod session;
pub mod settings;
pub mod socket;
pub mod spelling;
pub mod time;
pub mod trace;
pub mod uptake;
pub mod values;
pub mod work;
