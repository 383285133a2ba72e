//! What every adapter of a port must keep, rule by rule.
//!
//! A rule is a function over the port that panics when it is broken. It uses
//! names of its own, so rules can run in any order and on a table in use.
//! `all` of a module runs all rules of its port.

pub mod gateway;
pub mod queue;
pub mod sender;
pub mod store;
pub mod upstream;
