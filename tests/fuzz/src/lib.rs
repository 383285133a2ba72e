//! What the targets of the REST API share.

#[cfg(feature = "rest")]
mod call;

#[cfg(feature = "rest")]
pub use call::{APP_TOKEN, HUB, Request, call};
