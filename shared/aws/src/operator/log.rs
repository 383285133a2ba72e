//! The log of a deployment, and by which names it is kept.

use std::collections::BTreeMap;

use super::account::Account;
use super::fault::OperatorError;
use super::stack::Version;
use crate::log::CloudWatchLog;

impl Account {
    /// The log of the deployment of this name.
    pub fn log(&self, deployment: &str) -> CloudWatchLog {
        CloudWatchLog::new(&self.sdk, format!("/aws/lambda/{deployment}-"))
    }

    /// The variables by which the functions of a deployment write their log.
    ///
    /// # Errors
    /// When there is no publisher, or nobody says so.
    pub async fn log_variables(
        &self,
        deployment: &str,
    ) -> Result<BTreeMap<String, String>, OperatorError> {
        let function = format!("{deployment}-publisher");
        let mut variables = self.function_variables(&function, Version::Newest).await?;
        variables.retain(|name, _| name.starts_with("LOG_"));
        Ok(variables)
    }
}
