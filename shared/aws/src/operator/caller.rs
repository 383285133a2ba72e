//! Who is signed in, as AWS names them.

use super::account::Account;
use super::fault::{OperatorError, sorted};

impl Account {
    /// The ARN of whoever is signed in. AWS asks for no permission to tell.
    ///
    /// # Errors
    /// When nobody is signed in, or AWS does not answer.
    pub async fn caller(&self) -> Result<String, OperatorError> {
        let ask = aws_sdk_sts::Client::new(&self.sdk).get_caller_identity();
        let answer = ask.send().await.map_err(sorted("ask who is signed in"))?;
        Ok(answer.arn.unwrap_or_default())
    }
}
