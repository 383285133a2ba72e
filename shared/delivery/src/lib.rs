//! Envelopes to sockets: the publisher's room.
//!
//! [`Publisher`] goes one way through:
//!
//! 1. A [`batch`] is read from the queue, and the [`bookkeeper`] opens a
//!    [`ledger`] for it.
//! 2. The [`intake`] takes each element up in order: values are hung on
//!    [`boards`], [`actions`] change rows, [`audiences`] become sockets, messages
//!    wait in [`inboxes`], and the [`dispatcher`] hands big audiences on to jobs.
//! 3. What is to be posted is a [`round`]. The [`carrier`] has the [`poster`]
//!    post the round, frame by frame at the account's [`pace`] and after
//!    [`handshakes`] that are under way, sends off sockets that [`stall`], and
//!    folds the outcomes into the ledger.
//! 4. Further [`rounds`] follow where all sockets turned out to be gone, or
//!    values changed.
//! 5. The [`closer`] ends the sockets that are to end, by [`cuts`].
//! 6. The [`books`] are closed: what is counted, kept and reported follows from
//!    the ledger alone. [`dead_letters`] take what cannot be delivered, and the
//!    [`journey`] is told in the log, and what was changed in its [`audit`].
//!
//! Then [`jobs`] are worked page by page, with the same rounds and ledger.
//!
//! Messages of one message group keep their order for every socket: a socket
//! whose frame failed gets nothing more in this invocation, and a message that
//! is reported as failed takes all later ones of its group along.

mod account;
mod actions;
mod answer;
mod attempts;
mod audiences;
mod audit;
mod batch;
mod boards;
mod bookkeeper;
mod books;
mod carrier;
mod closer;
mod cuts;
mod dead_letters;
mod dispatcher;
mod handshakes;
mod inboxes;
mod intake;
mod job;
mod job_run;
mod jobs;
mod journey;
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
mod turns;
mod verdict;

pub use job::is_job;
pub use publisher::{Ports, Publish, Publisher};
pub use report::{Report, Sample};
pub use settings::FanoutSettings;
pub use tally::Tally;
