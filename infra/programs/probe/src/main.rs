//! `make probe URL=..`: the command.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use std::io::Write;

use clap::Parser;
use hubcast_probe::{Options, probe, table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let rows = probe(&Options::parse()).await?;
    std::io::stdout().write_all(table(&rows).as_bytes())?;
    Ok(())
}
