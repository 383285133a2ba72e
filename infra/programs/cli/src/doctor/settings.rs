//! Whether the functions run with the parameters of their stack.
//!
//! SAM publishes a version of a function only when a text of the template
//! changes. After a deployment that changes nothing but parameters, the alias
//! `live` can stand for the version before.

use std::collections::{BTreeMap, BTreeSet};

use hubcast_aws::operator::{Account, OperatorError, Trouble, Version};
use hubcast_model::report::chain;

use super::finding::Finding;
use super::template::{Filled, Template, Wanted};
use crate::deployment::Deployment;

const SETTINGS: &str = "settings";
/// What the permissions are that the check takes.
pub(crate) const ACTIONS: &str = "ask for cloudformation:DescribeStacks, cloudformation:GetTemplate and lambda:GetFunctionConfiguration";

type Variables = BTreeMap<String, String>;

/// A variable that has another value than the stack says, in some functions.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stale {
    parameters: BTreeSet<String>,
    functions: BTreeSet<String>,
}

/// Compares what the alias `live` of each function has with the stack; a local stack has no parameters.
pub(super) async fn examine(deployment: &Deployment) -> Vec<Finding> {
    if deployment.local().is_some() {
        return Vec::new();
    }
    match stale(deployment).await {
        Ok(stale) => told(&stale),
        Err(err) if err.trouble == Trouble::Denied => {
            vec![Finding::skip(SETTINGS, chain(&err)).advised(ACTIONS)]
        }
        Err(err) => vec![Finding::skip(SETTINGS, chain(&err))],
    }
}

/// The variables that have another value in some function than the stack says, each with its
/// parameters.
///
/// # Errors
/// When nobody says what the stack or a function has.
pub(crate) async fn stale_variables(deployment: &Deployment) -> Result<Vec<String>, OperatorError> {
    let stale = stale(deployment).await?;
    Ok(stale.iter().map(|(variable, stale)| stale.what(variable)).collect())
}

/// The stale variables, by their names.
async fn stale(deployment: &Deployment) -> Result<BTreeMap<String, Stale>, OperatorError> {
    let (account, stack) = (deployment.account().await?, deployment.prefix());
    let parameters = account.stack_parameters(stack).await?;
    let body = account.stack_template(stack).await?;
    let template = Template { stack, body: &body, parameters: &parameters };
    let mut stale: BTreeMap<String, Stale> = BTreeMap::new();
    for (function, variables) in template.functions() {
        let Some((live, newest)) = environments(account, &function).await? else { continue };
        for wanted in variables.iter().filter(|wanted| is_stale(wanted, &live, &newest)) {
            let entry = stale.entry(wanted.name.to_owned()).or_default();
            entry.parameters.extend(wanted.parameters.iter().cloned());
            let short = function.strip_prefix(stack).map(|name| name.trim_start_matches('-'));
            entry.functions.insert(short.unwrap_or(&function).to_owned());
        }
    }
    Ok(stale)
}

/// What the alias `live` has, and what CloudFormation wrote last; none for a function that a hidden
/// parameter leaves out.
async fn environments(
    account: &Account,
    function: &str,
) -> Result<Option<(Variables, Variables)>, OperatorError> {
    let live = match account.function_variables(function, Version::Live).await {
        Err(err) if err.trouble == Trouble::NotThere => return Ok(None),
        live => live?,
    };
    Ok(Some((live, account.function_variables(function, Version::Newest).await?)))
}

fn is_stale(wanted: &Wanted<'_>, live: &Variables, newest: &Variables) -> bool {
    let found = live.get(wanted.name);
    match &wanted.value {
        Filled::Text(text) => found != Some(text),
        Filled::Absent => found.is_some(),
        Filled::Unknown => found != newest.get(wanted.name),
    }
}

fn told(stale: &BTreeMap<String, Stale>) -> Vec<Finding> {
    if stale.is_empty() {
        return vec![Finding::ok(SETTINGS, "all functions run with the parameters of the stack")];
    }
    stale.iter().map(|(variable, stale)| of_stale(variable, stale)).collect()
}

impl Stale {
    /// The value, by its parameters and its variable.
    fn what(&self, variable: &str) -> String {
        let names: Vec<&str> = self.parameters.iter().map(String::as_str).collect();
        match names.join(" or ") {
            none if none.is_empty() => format!("the variable {variable}"),
            names => format!("the parameter {names} (variable {variable})"),
        }
    }
}

fn of_stale(variable: &str, stale: &Stale) -> Finding {
    let functions: Vec<&str> = stale.functions.iter().map(String::as_str).collect();
    let (what, functions) = (stale.what(variable), functions.join(", "));
    let text = format!("the stack's value of {what} has not reached {functions}");
    let advice = "run make upgrade, which publishes versions with the stack's values; during a gradual deployment, look again at its end";
    Finding::bad(SETTINGS, text).advised(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn environment(value: Option<&str>) -> Variables {
        value.map(|value| ("X".to_owned(), value.to_owned())).into_iter().collect()
    }

    fn is_stale_with(value: Filled, live: Option<&str>, newest: Option<&str>) -> bool {
        let wanted = Wanted { name: "X", value, parameters: BTreeSet::new() };
        is_stale(&wanted, &environment(live), &environment(newest))
    }

    #[test]
    fn a_known_value_is_compared_and_an_unknown_one_with_what_was_written_last() {
        let text = || Filled::Text("a".to_owned());
        assert!(!is_stale_with(text(), Some("a"), Some("b")));
        assert!(is_stale_with(text(), Some("b"), Some("b")));
        assert!(is_stale_with(text(), None, None));
        assert!(is_stale_with(Filled::Absent, Some("a"), None));
        assert!(!is_stale_with(Filled::Absent, None, None));
        assert!(is_stale_with(Filled::Unknown, None, Some("a")));
        assert!(is_stale_with(Filled::Unknown, Some("a"), Some("b")));
        assert!(!is_stale_with(Filled::Unknown, Some("a"), Some("a")));
    }

    #[test]
    fn a_stale_value_is_told_with_its_parameter_its_functions_and_what_to_do() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let parameters = set(&["AllowedOrigins", "AppOrigins"]);
        let stale = Stale { parameters, functions: set(&["connect", "negotiate"]) };
        let finding = of_stale("ALLOWED_ORIGINS", &stale);
        assert_eq!(finding.verdict, Verdict::Bad);
        let text = "the stack's value of the parameter AllowedOrigins or AppOrigins (variable ALLOWED_ORIGINS) has not reached connect, negotiate";
        assert_eq!(finding.detail, text);
        assert!(finding.advice.is_some_and(|advice| advice.contains("make upgrade")));
        assert_eq!(told(&BTreeMap::new()).first().unwrap().verdict, Verdict::Ok);
    }
}
