//! What happens to one connection.
//!
//! [`connect`] lets a socket in, [`frames`] answers what its client sends, and
//! [`upstream`] is the way of a client's calls to backends. [`line`](mod@line) is for
//! connections that outlive their sockets.

pub mod connect;
pub mod frames;
pub mod line;
pub mod refresh;
pub mod upstream;
