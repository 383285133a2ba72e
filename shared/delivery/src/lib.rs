//! Envelopes to sockets: the publisher's room.
//!
//! [`Publisher`] goes one way through. A [`batch`] is read from the queue, and
//! a [`ledger`] is opened for it. The [`intake`] takes each element up in
//! order: values are hung on [`boards`], [`actions`] change rows, [`audiences`]
//! become sockets, messages wait in [`inboxes`], big audiences are handed on
//! by the [`dispatcher`]. What is to be posted is a [`round`]; the [`poster`]
//! posts a round frame by frame at the account's [`pace`], and its outcomes
//! are folded into the ledger once. Further [`rounds`] follow where sockets
//! turned out to be gone or values changed. The [`closer`] ends the sockets
//! that are to end, [`dead_letters`] take what cannot be delivered, and the
//! [`books`] are closed: what is counted, kept and reported follows from the
//! ledger alone. [`jobs`] are worked page by page with the same rounds and
//! ledger.
//!
//! Messages of one message group keep their order for every socket: a socket
//! whose frame failed gets nothing more in this invocation, and a message that
//! is reported as failed takes all later ones of its group along.

mod account;
mod actions;
mod answer;
mod audiences;
mod batch;
mod boards;
mod bookkeeper;
mod books;
mod carrier;
mod closer;
mod dead_letters;
mod dispatcher;
mod inboxes;
mod intake;
mod job;
mod job_run;
mod jobs;
mod ledger;
mod newcomers;
mod outcome;
mod pace;
mod pages;
mod poster;
mod progress;
mod publisher;
mod report;
mod retry;
mod round;
mod rounds;
mod settings;
mod stall;
mod tally;
mod verdict;

pub use job::is_job;
pub use publisher::{Ports, Publish, Publisher};
pub use report::{Report, Sample};
pub use settings::FanoutSettings;
pub use tally::Tally;
