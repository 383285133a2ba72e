//! Adapters: the ports of the rules over AWS.
//!
//! [`store`] is the channel table in DynamoDB, [`gateway`] and [`lean`] the
//! management API by the official client and without it, [`queue`],
//! [`sender`], [`upstream`] and [`alarm`] SQS, [`log`] and [`audit`] CloudWatch Logs, [`trust`] whom TLS trusts, and [`operator`]
//! what the command line needs.
//!
//! Clients of the SDK are built when they are first used, and not before: many
//! invocations need none.

pub mod access_keys;
pub mod alarm;
pub mod audit;
mod call;
pub mod entropy;
pub mod environment;
pub mod gateway;
pub mod lean;
pub mod log;
mod on_demand;
pub mod operator;
pub mod parameter;
pub mod queue;
pub mod sender;
pub mod store;
pub mod trust;
pub mod upstream;
