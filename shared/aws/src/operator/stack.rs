//! What a stack of CloudFormation says, and what the functions of the stack run with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::account::Account;
use super::fault::{OperatorError, Trouble, sorted};
use crate::call::Call;
use crate::call::api::{
    Api, DESCRIBE_STACKS, GET_FUNCTION_CONFIGURATION, GET_LIVE_CONFIGURATION, GET_TEMPLATE,
};

/// Which version of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The version that the alias `live` stands for, which is called.
    Live,
    /// What CloudFormation wrote last, whether a version was published of it or not.
    Newest,
}

impl Account {
    /// The values of a stack's parameters, by their names. CloudFormation hides the values of
    /// `NoEcho` parameters behind asterisks.
    ///
    /// # Errors
    /// When there is no such stack, or nobody says so.
    pub async fn stack_parameters(
        &self,
        stack: &str,
    ) -> Result<BTreeMap<String, String>, OperatorError> {
        let operation =
            format!("read the parameters of the stack {stack} (cloudformation:DescribeStacks)");
        let input = json!({ "StackName": stack });
        let pairs: Vec<(String, String)> = self.read(DESCRIBE_STACKS, input, &operation).await?;
        let mut parameters = BTreeMap::new();
        let mut name = String::new();
        for (element, text) in pairs {
            match element.as_str() {
                "ParameterKey" => name = text,
                _ => drop(parameters.insert(name.clone(), text)),
            }
        }
        Ok(parameters)
    }

    /// The template of a stack, after SAM's transform.
    ///
    /// # Errors
    /// When there is no such stack, or nobody says so.
    pub async fn stack_template(&self, stack: &str) -> Result<Value, OperatorError> {
        let operation =
            format!("read the template of the stack {stack} (cloudformation:GetTemplate)");
        let input = json!({ "StackName": stack, "TemplateStage": "Processed" });
        self.read(GET_TEMPLATE, input, &operation).await
    }

    /// The environment of a function.
    ///
    /// # Errors
    /// When there is no such function, or nobody says so.
    pub async fn function_variables(
        &self,
        function: &str,
        version: Version,
    ) -> Result<BTreeMap<String, String>, OperatorError> {
        let operation = format!("read what {function} runs with (lambda:GetFunctionConfiguration)");
        let api = match version {
            Version::Live => GET_LIVE_CONFIGURATION,
            Version::Newest => GET_FUNCTION_CONFIGURATION,
        };
        self.read(api, Value::from(function), &operation).await
    }

    /// Reads the text of a call's answer as JSON; no text is the default.
    async fn read<T: serde::de::DeserializeOwned + Default>(
        &self,
        api: Api,
        input: Value,
        operation: &str,
    ) -> Result<T, OperatorError> {
        let text = Call::new(api, &self.sdk).text(input).await.map_err(sorted(operation))?;
        let read = text.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(&text));
        read.map_err(|err| OperatorError::new(operation, Trouble::Failed, err))
    }
}
