//! The rules of hubcast, without AWS, Lambda or JWT types.
//!
//! What a connection is, who may do what, what an envelope means and how a
//! notification reaches its sockets live here. The outside world is reached
//! through the [`ports`]; adapters for it live in other crates. Everything
//! here can be tested with the in-memory ports of `hubcast-testkit`.

pub mod access;
pub mod backend;
pub mod channel;
pub mod connect;
pub mod context;
pub mod envelope;
pub mod fanout;
pub mod frames;
pub mod front_door;
pub mod groups;
pub mod id;
pub mod kept;
mod lasting;
pub mod later;
mod lookup;
pub mod membership;
pub mod ports;
pub mod principal;
mod properties;
mod replay;
pub mod report;
pub mod session;
pub mod settings;
pub mod shards;
pub mod socket;
pub mod time;
pub mod upstream;
