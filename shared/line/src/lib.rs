//! Lines: connections that outlive their sockets.
//!
//! A client with stateful reconnect opens a new socket when its socket is cut,
//! and goes on where it stopped. A [`Line`] is such a connection across its
//! sockets. Its record holds everything that its sockets must agree on: which
//! socket counts, what was sent and not yet acknowledged, who posts, and what
//! the client said.
//!
//! A line changes by steps: [`opening`](Line::open), [`sending`](Line::append),
//! [`hearing`](Line::hear), [`changing sockets`](Line::resume) and
//! [`ending`](Line::end). A step is a pure function of the record. [`change()`]
//! reads a record, takes a step, and writes the record if nobody wrote it
//! meanwhile. So each step happens at once and in one order, and what holds for
//! the steps holds for the table.
//!
//! A step is taken once, also when the answer of the table got lost: whoever writes signs the record.
//!
//! A [`Courier`] takes the steps of sending and posts. To the rules of other
//! crates a line is a socket: the courier is their gateway, and turns a post to
//! a line's id into an append ([ADR 121](../../../docs/adr/0121-a-line-is-a-socket-to-the-rules.md)).

mod admission;
mod alarm;
mod calls;
mod change;
mod courier;
mod dispatch;
mod gateway;
mod hearing;
mod log;
mod look;
mod opening;
mod parting;
mod port;
mod record;
mod seen;
mod sending;
mod settings;
mod socket;
mod tale;

pub use admission::{AdmitToLines, Decision, NoLines};
pub use alarm::{LineAlarm, alarm_message, line_of_alarm};
pub use calls::Calls;
pub use change::{ChangeError, change};
pub use courier::{Courier, LinePorts};
pub use gateway::Kind;
pub use hearing::Utterance;
pub use log::{Keeping, LINE_RECORD_MAX_BYTES, Left, LineFrame, Log};
pub use port::LineStore;
pub use record::{Line, Phase, Turn, TurnId, WriterId};
pub use seen::{Place, Seen, SeenElement};
pub use sending::{Addition, Appended, Settled};
pub use settings::LineSettings;
pub use socket::{Attempt, Refusal};
pub use tale::{Cut, TARGET};
