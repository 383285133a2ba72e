//! Variables that name a parameter of Systems Manager in place of a value.
//!
//! Lambda gives the environment of a function 4 KB, and a list of issuers can
//! be longer. Such a variable says `ssm:` and the name of the parameter. The
//! parameter is read once, when the function starts.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use hubcast_aws::parameter::parameter;
use hubcast_model::ports::Cause;

use crate::config::process_environment;

/// The variables that may name a parameter.
const REMOTE: [&str; 2] = ["TOKEN_ISSUERS", "REST_ISSUERS"];
/// What the name of a parameter stands behind.
const SCHEME: &str = "ssm:";

/// The parameter that a variable names cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{variable} names the parameter {parameter} of Systems Manager, which cannot be read")]
pub struct RemoteError {
    /// The variable.
    pub variable: &'static str,
    /// The name of the parameter.
    pub parameter: String,
    /// What Systems Manager said.
    pub source: Cause,
}

/// The values of variables, by their names.
pub type Environment = Box<dyn Fn(&str) -> Option<String>>;

/// The process environment, in which parameters stand for the variables that name them.
///
/// # Errors
/// When a parameter cannot be read.
pub async fn environment(sdk: &SdkConfig) -> Result<Environment, RemoteError> {
    environment_of(sdk, process_environment).await
}

/// The same for variables that `lookup` has.
///
/// # Errors
/// When a parameter cannot be read.
pub async fn environment_of(
    sdk: &SdkConfig,
    lookup: impl Fn(&str) -> Option<String> + 'static,
) -> Result<Environment, RemoteError> {
    let mut read = BTreeMap::new();
    for variable in REMOTE {
        let Some(value) = lookup(variable) else { continue };
        let Some(name) = value.trim().strip_prefix(SCHEME) else { continue };
        let text = parameter(sdk, name).await.map_err(|source| RemoteError {
            variable,
            parameter: name.to_owned(),
            source,
        })?;
        read.insert(variable, text);
    }
    Ok(Box::new(move |name| read.get(name).cloned().or_else(|| lookup(name))))
}
