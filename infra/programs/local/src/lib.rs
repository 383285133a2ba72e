//! The whole of hubcast in one local process.
//!
//! One port serves the public surfaces, API Gateway's management API, DynamoDB
//! and SQS over their real wire protocols, and a development issuer. The
//! functions' own handlers run in process, with the real adapters pointed at
//! those wire protocols; nothing here re-implements a rule of hubcast.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

mod aws;
mod books;
mod consumers;
mod counts;
mod demo;
mod door;
mod dynamodb;
mod figures;
mod front;
mod front_door;
mod functions;
pub mod gateway;
mod guard;
mod in_process;
mod issuer;
mod log;
pub mod options;
pub mod poller;
mod sampler;
mod services;
mod sqs;
mod stack;

pub use books::Books;
pub use options::Options;
pub use stack::{Stack, send_command};
