//! What the rules of lines need from the table.

use std::future::Future;

use hubcast_model::id::SocketId;
use hubcast_model::ports::StoreError;

use crate::record::Line;

/// The records of lines.
pub trait LineStore: Send + Sync {
    /// Records a line; false when there is one of this id.
    fn create_line(&self, line: &Line) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Reads a line; `None` when there is none. Strongly consistent.
    fn line(&self, id: &SocketId) -> impl Future<Output = Result<Option<Line>, StoreError>> + Send;

    /// Writes a line in place of its revision `before`; false when the record has another revision
    /// or is gone.
    fn replace_line(
        &self,
        line: &Line,
        before: u64,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
