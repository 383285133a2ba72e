//! The progress of elements and jobs, as the rules see it.

use std::collections::BTreeMap;
use std::future::Future;

use super::StoreError;
use crate::id::SocketId;
use crate::time::Timestamp;

/// How far one element of a queue message, or one job, is after an invocation that could not
/// finish it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The sockets that still have to get it, of those looked up so far.
    pub left: Vec<SocketId>,
    /// What remains besides them.
    pub rest: Rest,
    /// How many sockets got it.
    pub reached: usize,
    /// How many times in a row it was tried and came no further.
    pub fruitless: u32,
}

/// What remains of an element or a job besides the sockets left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rest {
    /// Nothing.
    #[default]
    Nothing,
    /// It was decided that jobs carry it out, and some may not be enqueued yet. Their keys begin
    /// with this.
    Jobs(String),
    /// The pages of a job's channels after this socket.
    PagesAfter(SocketId),
}

impl Progress {
    /// Whether nothing remains to be done.
    pub fn is_finished(&self) -> bool {
        self.left.is_empty() && self.rest == Rest::Nothing
    }

    /// How many sockets got it, when the last try brought it further.
    pub const fn reached_lately(&self) -> usize {
        if self.fruitless == 0 { self.reached } else { 0 }
    }
}

/// What is done of notifications that could not be finished in one go.
pub trait ProgressStore: Send + Sync {
    /// Keeps how far each element or job is, by progress key, until `expires`.
    fn put_progress(
        &self,
        rows: &BTreeMap<String, Progress>,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads how far the elements and jobs with these keys are; keys without a row are left out.
    fn progress(
        &self,
        keys: &[String],
    ) -> impl Future<Output = Result<BTreeMap<String, Progress>, StoreError>> + Send;

    /// Takes the turn of a name until `until`; false while another has the turn.
    fn take_turn(
        &self,
        name: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the turn of a name.
    fn end_turn(&self, name: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}
