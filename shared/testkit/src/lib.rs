//! In-memory ports, event builders and the port contract suite, for tests only.
//!
//! The ports hold state instead of expecting calls: [`MemoryStore`] is a table,
//! [`RecordingGateway`] the sockets, [`RecordingQueue`] the queue and
//! [`TestClock`] the time. Each of them can be told to fail, and gives way
//! before it acts, so that [`interleave`] can try every order of two flows.
//! [`fifo`] is SQS for tests that play the consumer as well.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

pub mod alarm;
pub mod clock;
pub mod contract;
pub mod event;
pub mod fault;
pub mod fifo;
pub mod gateway;
pub mod interleave;
pub mod journal;
pub mod name;
pub mod principal;
pub mod queue;
pub mod queued;
pub mod sender;
pub mod socket;
pub mod store;
pub mod token;
pub mod upstream;

pub use alarm::RecordingAlarm;
pub use clock::{TestClock, VirtualClock};
pub use fault::Fault;
pub use fifo::{Fifo, SimulatedQueues};
pub use gateway::{Answer, RecordingGateway};
pub use journal::Journal;
pub use queue::RecordingQueue;
pub use sender::RecordingSender;
pub use store::MemoryStore;
pub use token::TestIssuer;
pub use upstream::RecordingUpstream;
