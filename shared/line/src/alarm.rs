//! Somebody has to look at a line whose client does not come back.

use std::future::Future;
use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::Cause;

/// Tells somebody later that a line may have to end.
pub trait LineAlarm: Send + Sync {
    /// Has somebody look at the line after this time.
    fn ring(
        &self,
        line: &SocketId,
        after: Duration,
    ) -> impl Future<Output = Result<(), Cause>> + Send;
}
