//! What this process keeps of itself, as CloudWatch does on AWS: lines of the log, and figures.

use crate::figures::FigureBook;
use crate::log::LogBook;

/// The books of a process; clones are the same books.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// The log of the functions.
    pub(crate) log: LogBook,
    /// What the functions measure.
    pub(crate) figures: FigureBook,
}

impl Books {
    /// Has this process write its log to standard error, as far as the filter lets lines pass, and
    /// all lines and figures of functions into books.
    pub fn start(filter: &str) -> Self {
        Self { log: LogBook::start(filter), figures: FigureBook::start() }
    }
}
