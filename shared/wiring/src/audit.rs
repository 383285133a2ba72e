//! The audit on its way from the log of this process into a log group of its own.
//!
//! An entry is an event of `tracing`, and stands in the function's own log in any
//! case. Once the answer of an invocation is ready, the entries of the invocation go to the
//! group of the audit too.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hubcast_aws::audit::{AuditLine, AuditLog};
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, SystemClock};
use tokio::time::timeout;

/// How long an answer waits for the log group.
const PATIENCE: Duration = Duration::from_secs(3);

/// The entries that are not in the log group yet; clones are the same trail.
#[derive(Debug, Clone, Default)]
pub struct AuditTrail(Arc<Mutex<Vec<AuditLine>>>);

impl AuditTrail {
    /// The entries since the last time.
    fn take(&self) -> Vec<AuditLine> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the entries to the log group, where there is one. What the group does not take stands in
    /// the function's own log alone, and an error there says so.
    pub async fn flush(&self, log: Option<&AuditLog>) {
        let lines = self.take();
        let Some(log) = log.filter(|_| !lines.is_empty()) else {
            return;
        };
        let entries = lines.len();
        match timeout(PATIENCE, log.put(&lines)).await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => {
                tracing::error!(error = %chain(&err), entries, "entries of the audit stand in this log only");
            }
            Err(_) => tracing::error!(entries, "entries of the audit may stand in this log only"),
        }
    }
}

impl Write for AuditTrail {
    /// Takes one line: `tracing-subscriber` writes each whole.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
        let line = AuditLine { at: SystemClock.now(), text };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hubcast_model::journey::{AUDIT, TARGET};
    use tracing::subscriber::with_default;

    use super::*;
    use crate::bootstrap::subscriber;

    #[test]
    fn entries_of_the_audit_are_kept_with_their_spans_whatever_the_level() {
        let trail = AuditTrail::default();
        with_default(subscriber("off".parse().unwrap(), Some(&trail)), || {
            let _call = tracing::info_span!(target: TARGET, "call", who = "app").entered();
            tracing::info!(target: AUDIT, action = "close", "it was done");
            tracing::info!(target: TARGET, step = "ready", "a connection is ready");
            tracing::error!("something else");
        });
        let [line] = trail.take().try_into().unwrap();
        assert!(line.text.contains(r#""action":"close""#), "{}", line.text);
        assert!(line.text.contains(r#""who":"app""#), "{}", line.text);
        assert!(trail.take().is_empty());
    }

    #[tokio::test]
    async fn without_a_group_entries_are_let_go() {
        let mut trail = AuditTrail::default();
        writeln!(trail, "one").unwrap();
        AuditTrail::flush(&trail, None).await;
        assert!(trail.take().is_empty());
    }
}
