//! Who is in which channel.
//!
//! - [`membership`]: joins, leaves and disconnects, each safe to race with the others.
//! - [`lasting`]: the memberships of a user that outlast a connection.
//! - [`lookup`]: who is in a channel right now.
//! - [`session`] and [`shards`]: how long a session lasts, how many shards a channel has.
//! - [`replay`]: the retained values that a newcomer to a channel is shown.
//! - [`line_end`]: the end of a connection that outlives its sockets.
//! - [`renewal`]: what a fresh token changes on an open connection; [`token`]: what the table knows
//!   of a token.
//! - [`presence`]: what backends hear of all this.

mod cancellation;
pub mod lasting;
pub mod line_end;
pub mod lookup;
pub mod membership;
pub mod presence;
pub mod renewal;
pub mod replay;
pub mod session;
pub mod shards;
pub mod token;
