//! Asks a deployment what only a deployment can tell.
//!
//! Some of what API Gateway does is documented nowhere. hubcast holds whatever
//! the answers are; but an operator should know them, and they decide what can
//! be made cheaper. Each row of the table is one such question with what was
//! seen, or why it was not asked. `docs/OPERATIONS.md` lists them.

mod aws;
mod options;
mod rows;
mod socket;
mod table;
mod target;

pub use options::Options;
pub use table::{Row, table};

/// Asks everything that the options allow.
///
/// # Errors
/// When no socket can be opened at all, or the options contradict each other.
pub async fn probe(options: &Options) -> anyhow::Result<Vec<Row>> {
    let target = target::Target::find(options).await?;
    let aws = aws::Aws::new(options).await?;
    Ok(rows::all(&rows::Scene { target, aws, options }).await)
}
