//! The real adapters keep the contract of their ports, over the wire protocols of AWS.
//!
//! DynamoDB and SQS run in process; the management API, and what DynamoDB only
//! does under load, are played by small servers of the tests' own.

#![expect(clippy::expect_used, reason = "a test ends at the first surprise")]

mod access_keys;
mod endpoint;
mod figures;
mod gateway;
mod lean;
mod on_demand;
mod peer;
mod queue;
mod remote;
mod server_tries;
mod stack;
mod store;
mod throttled_table;
mod upstream;
