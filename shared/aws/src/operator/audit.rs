//! The audit, as an operator reads and writes it.

use hubcast_model::ports::LogError;
use hubcast_model::time::Timestamp;
use serde_json::Value;

use super::account::Account;
use crate::audit::AuditLog;
use crate::log::Events;

/// The stream of what operators do.
const STREAM: &str = "operator";

impl Account {
    /// The audit of the deployment of this name, where entries of operators go.
    pub fn audit_log(&self, deployment: &str) -> AuditLog {
        AuditLog::new(&self.sdk, group(deployment), STREAM)
    }

    /// The lines of a deployment's audit since a time, those with a word if there is one, in their
    /// order.
    ///
    /// # Errors
    /// When there is no audit, or the lines may not be read, are too many, or are not to be had.
    pub async fn audit(
        &self,
        deployment: &str,
        word: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, Value)>, LogError> {
        let group = group(deployment);
        let found = Events::new(&self.sdk).of(&group, word, since).await?;
        let mut lines = found.ok_or(LogError::NoLog(group))?;
        lines.sort_by_key(|(at, _)| *at);
        let entry = |(at, text): (Timestamp, String)| {
            let line: Value = serde_json::from_str(text.trim()).ok()?;
            Some((at, line.get("fields")?.clone()))
        };
        Ok(lines.into_iter().filter_map(entry).collect())
    }
}

fn group(deployment: &str) -> String {
    format!("/hubcast/{deployment}/audit")
}
