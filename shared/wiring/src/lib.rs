//! What the start of every function has in common.
//!
//! [`config`] reads the environment (nothing else does), [`remote`] reads the
//! parameters that variables name, and [`bootstrap`] starts logging, metrics and
//! the AWS SDK. [`audit`] takes the audit to its log group. Each function puts its
//! own adapters together, in its module `wiring`.

pub mod audit;
pub mod bootstrap;
pub mod config;
pub mod lines;
pub mod remote;
