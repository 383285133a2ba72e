//! Who is told when a line should end: a list of what was asked for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_line::LineAlarm;
use hubcast_model::id::SocketId;
use hubcast_model::ports::Cause;

use crate::journal::lock;

/// Alarms that were set; clones are the same alarms.
#[derive(Debug, Clone, Default)]
pub struct RecordingAlarm(Arc<Mutex<Vec<(SocketId, Duration)>>>);

impl RecordingAlarm {
    /// The lines, and after which time each is to be looked at, in order.
    pub fn alarms(&self) -> Vec<(SocketId, Duration)> {
        lock(&self.0).clone()
    }
}

impl LineAlarm for RecordingAlarm {
    async fn ring(&self, line: &SocketId, after: Duration) -> Result<(), Cause> {
        lock(&self.0).push((line.clone(), after));
        Ok(())
    }
}
