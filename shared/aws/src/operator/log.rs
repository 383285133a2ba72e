//! The log of a deployment, and by which names it is kept.

use std::collections::BTreeMap;

use serde_json::Value;

use super::account::Account;
use super::fault::{OperatorError, sorted};
use crate::call::Call;
use crate::call::api::GET_FUNCTION_CONFIGURATION;
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
        let call = Call::new(GET_FUNCTION_CONFIGURATION, &self.sdk);
        let operation =
            format!("read how {function} names users (lambda:GetFunctionConfiguration)");
        let variables = call.text(Value::from(function)).await.map_err(sorted(operation))?;
        let variables = variables.and_then(|text| serde_json::from_str(&text).ok());
        let mut variables: BTreeMap<String, String> = variables.unwrap_or_default();
        variables.retain(|name, _| name.starts_with("LOG_"));
        Ok(variables)
    }
}
