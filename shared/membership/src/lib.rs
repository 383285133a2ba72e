//! Who is in which channel.
//!
//! Joins, leaves and disconnects, each safe to race with the others; the
//! memberships of a user that outlast a connection; who is in a channel right
//! now; what a newcomer to a channel is shown; and what backends hear of all
//! that.

pub mod lasting;
pub mod lookup;
pub mod membership;
pub mod presence;
pub mod replay;
pub mod session;
pub mod shards;
