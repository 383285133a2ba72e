//! The REST API over in-memory ports.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod fates;
mod requests;
mod rig;
mod wire;
