//! A parameter of Systems Manager, read once.

use aws_config::SdkConfig;
use hubcast_model::ports::Cause;
use serde_json::json;

use crate::call::Call;
use crate::call::api::GET_PARAMETER;

/// The parameter was answered without a text.
#[derive(Debug, thiserror::Error)]
#[error("the parameter has no text")]
struct NoText;

/// The text of the parameter of this name.
///
/// # Errors
/// When Systems Manager does not answer, refuses, or has no such parameter.
pub async fn parameter(config: &SdkConfig, name: &str) -> Result<String, Cause> {
    let input = json!({ "Name": name, "WithDecryption": true });
    let text = Call::new(GET_PARAMETER, config).text(input).await?;
    text.ok_or_else(|| NoText.into())
}
