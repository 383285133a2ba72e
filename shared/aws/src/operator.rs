//! What a program of an operator needs of AWS.
//!
//! Functions are told where everything is. An operator's program signs in as a
//! person does, finds queues by their names, looks at what is there, and moves
//! dead letters. Faults are sorted by what the person has to do about them.

mod account;
mod audit;
#[cfg(feature = "profiles")]
mod caller;
mod fault;
mod figures;
mod frames;
mod letters;
mod lines;
mod log;
mod queue;
mod server_tries;
mod stack;
mod table;
mod wrong_address;

pub use account::{Account, SignIn};
pub use fault::{OperatorError, Trouble};
pub use figures::{Figure, Point};
pub use frames::FrameCounts;
pub use letters::Letter;
pub use queue::{Queue, QueueState, message_id};
pub use stack::Version;
pub use table::TableState;
pub use wrong_address::WrongAddress;
