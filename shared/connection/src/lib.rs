//! What happens to one connection.
//!
//! [`connect`] lets a socket in, [`frames`] answers what its client sends, and
//! [`upstream`] is the way of a client's calls to backends.

pub mod connect;
pub mod frames;
pub mod upstream;
