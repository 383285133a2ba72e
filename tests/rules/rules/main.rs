//! The use cases over in-memory ports: what clients and backends see, and what stays in the table.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod any_frame;
mod backend;
mod book;
mod budget;
mod connect;
mod early_ends;
mod ends;
mod entry;
mod fanout;
mod handshake;
mod invocations;
mod journey;
mod limit;
mod lines;
mod pings;
mod races;
mod refresh;
mod retention;
mod stage;
mod upstream;
