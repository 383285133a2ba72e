//! Stateful reconnect: whether what the setting needs is there, and whether the setting may change.
//!
//! A page that was told once that its client may come back relies on that until
//! the page is loaded again. So the doctor counts the connections that rely on it.

use std::collections::BTreeMap;

use hubcast_aws::operator::{OperatorError, Trouble, Version};
use hubcast_backend::Roster;
use hubcast_model::report::chain;
use serde::Deserialize;

use super::finding::Finding;
use crate::deployment::Deployment;
use crate::network::in_words;

const STATEFUL: &str = "stateful";
/// More connections than this are not counted.
const LINES_MAX: usize = 1000;
/// Official clients that hear nothing for so many seconds give their connection up.
const SERVER_TIMEOUT_SECONDS: u64 = 30;
/// A client tries once, at once. A longer time is for networks only that fail for longer.
const LONG_WINDOW_SECONDS: u64 = 120;
/// The variables that each of these functions needs.
const NEEDED: [&str; 2] = ["TIMERS_QUEUE_URL", "MANAGEMENT_ENDPOINT"];
const FUNCTIONS: [&str; 5] = ["connect", "message", "group-join", "disconnect", "publisher"];

/// What is known of a deployment.
#[derive(Debug, Clone, Default)]
struct Facts {
    /// `off`, `on` or `drain`.
    mode: String,
    /// The parameters, where the deployment has any.
    parameters: BTreeMap<String, String>,
    /// How many connections of the hub outlive their sockets.
    lines: usize,
    /// Functions and the variables that they lack.
    lacking: Vec<String>,
    /// Whether the queue of alarms is there.
    has_queue: bool,
    /// Functions that could not set an alarm.
    silent: Vec<&'static str>,
}

/// The setting of a local stack.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    #[serde(default)]
    stateful_reconnect: String,
}

/// Looks at the setting, at what it needs, and at who relies on it.
pub(super) async fn examine(deployment: &Deployment) -> Vec<Finding> {
    let facts = match deployment.local() {
        Some(url) => local(deployment, url).await,
        None => deployed(deployment).await,
    };
    match facts {
        Ok(facts) => told(&facts),
        Err(finding) => vec![finding],
    }
}

async fn local(deployment: &Deployment, url: &str) -> Result<Facts, Finding> {
    let mode = async {
        let http = deployment.http().map_err(|err| err.to_string())?;
        let answer = http.get(format!("{url}/dev/counts")).send().await;
        let counts = answer.map_err(|err| in_words(&err.without_url()))?.json::<Counts>().await;
        counts.map(|counts| counts.stateful_reconnect).map_err(|err| in_words(&err.without_url()))
    };
    let mode = mode.await.map_err(|why| Finding::skip(STATEFUL, why))?;
    let lines = lines(deployment).await?;
    Ok(Facts { mode, lines, has_queue: true, ..Facts::default() })
}

async fn deployed(deployment: &Deployment) -> Result<Facts, Finding> {
    let seen = async {
        let (account, stack) = (deployment.account().await?, deployment.prefix());
        let parameters = account.stack_parameters(stack).await?;
        let mode = parameters.get("StatefulReconnect").cloned().unwrap_or_else(|| "off".to_owned());
        if mode == "off" {
            return Ok(Facts { mode, parameters, has_queue: true, ..Facts::default() });
        }
        let (lacking, silent) = (lacking(deployment).await?, account.failed_alarms(stack).await?);
        let has_queue = match account.queue(&format!("{stack}-timers")).await {
            Err(err) if err.trouble == Trouble::NotThere => false,
            found => found.map(|_| true)?,
        };
        Ok(Facts { mode, parameters, lacking, has_queue, silent, lines: 0 })
    };
    let facts = seen.await.map_err(|err| skipped(&err))?;
    Ok(Facts { lines: lines(deployment).await?, ..facts })
}

fn skipped(err: &OperatorError) -> Finding {
    let finding = Finding::skip(STATEFUL, chain(err));
    if err.trouble != Trouble::Denied {
        return finding;
    }
    finding.advised("ask for cloudformation:DescribeStacks, lambda:GetFunctionConfiguration, sqs:GetQueueUrl and logs:FilterLogEvents")
}

async fn lacking(deployment: &Deployment) -> Result<Vec<String>, OperatorError> {
    let (account, stack) = (deployment.account().await?, deployment.prefix());
    let mut lacking = Vec::new();
    for function in FUNCTIONS {
        let name = format!("{stack}-{function}");
        let variables = account.function_variables(&name, Version::Live).await?;
        let missing = NEEDED.iter().filter(|name| !variables.contains_key(**name));
        lacking.extend(missing.map(|variable| format!("{function} has no {variable}")));
    }
    Ok(lacking)
}

async fn lines(deployment: &Deployment) -> Result<usize, Finding> {
    let rows = deployment.rows().await.map_err(|err| skipped(&err))?;
    let roster = Roster::new(&rows, deployment.hub());
    roster.lines(LINES_MAX).await.map_err(|err| Finding::skip(STATEFUL, chain(&err)))
}

impl Facts {
    fn number(&self, parameter: &str, usual: u64) -> u64 {
        self.parameters.get(parameter).and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    /// The connections that rely on the setting, in words.
    fn counted(&self) -> String {
        match self.lines {
            0 => "no connection has".to_owned(),
            1 => "one connection has".to_owned(),
            more if more > LINES_MAX => format!("more than {LINES_MAX} connections have"),
            some => format!("{some} connections have"),
        }
    }
}

fn told(facts: &Facts) -> Vec<Finding> {
    let faults = faults(facts);
    if faults.is_empty() { vec![in_order(facts)] } else { faults }
}

fn in_order(facts: &Facts) -> Finding {
    let counted = facts.counted();
    match (facts.mode.as_str(), facts.lines) {
        ("on", _) => {
            let seconds = facts.number("StatefulWindowSeconds", 30);
            let text = format!("on: {counted} it, and may be without a socket for {seconds} s");
            Finding::ok(STATEFUL, text)
        }
        ("drain", 0) => {
            let advice =
                "set StatefulReconnect=off once no page is open that was loaded before the drain";
            Finding::ok(STATEFUL, format!("drain: {counted} it")).advised(advice)
        }
        ("drain", _) => {
            let advice =
                "leave it at drain: who has it relies on it until the page is loaded again";
            Finding::ok(STATEFUL, format!("drain: {counted} it")).advised(advice)
        }
        _ => Finding::ok(STATEFUL, "off, and no connection relies on it"),
    }
}

fn faults(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.mode == "off" {
        if facts.lines > 0 {
            let text = format!(
                "off, but {} it: such a page gets no message after its next cut",
                facts.counted()
            );
            let advice = "set StatefulReconnect=drain, and off when this check counts none any more and such pages were loaded again";
            found.push(Finding::bad(STATEFUL, text).advised(advice));
        }
        return found;
    }
    if !facts.has_queue {
        let text = "there is no queue of alarms, so connections whose clients are gone do not end";
        found.push(Finding::bad(STATEFUL, text).advised("run make upgrade, which makes the queue"));
    }
    for lacking in &facts.lacking {
        let text = format!("{lacking}, which stateful reconnect needs");
        found.push(Finding::bad(STATEFUL, text).advised("run make upgrade"));
    }
    if !facts.silent.is_empty() {
        let text = format!("{} could not set an alarm in the last hour", facts.silent.join(", "));
        let advice = "let these functions send to the queue of timers (sqs:SendMessage), and read their logs";
        found.push(Finding::bad(STATEFUL, text).advised(advice));
    }
    found.extend(limits(facts));
    found
}

/// Times that work against the clients.
fn limits(facts: &Facts) -> Vec<Finding> {
    let quiet = facts.number("StatefulQuietSeconds", 20);
    let window = facts.number("StatefulWindowSeconds", 30);
    let mut found = Vec::new();
    if quiet >= SERVER_TIMEOUT_SECONDS {
        let text = format!(
            "StatefulQuietSeconds is {quiet}: clients that gave their connection up after {SERVER_TIMEOUT_SECONDS} s of silence are let in, and cannot use the socket"
        );
        let advice =
            "set it below 30, unless serverTimeoutInMilliseconds of all clients is longer than it";
        found.push(Finding::warn(STATEFUL, text).advised(advice));
    }
    if window > LONG_WINDOW_SECONDS {
        let text = format!(
            "StatefulWindowSeconds is {window}: clients try once, at once, and backends hear of a lost client this much later"
        );
        found.push(
            Finding::warn(STATEFUL, text)
                .advised("set it to the time that a network needs, such as 30"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn facts(mode: &str, lines: usize) -> Facts {
        Facts { mode: mode.to_owned(), lines, has_queue: true, ..Facts::default() }
    }

    fn with(name: &str, value: &str) -> Facts {
        let parameters = [(name.to_owned(), value.to_owned())].into();
        Facts { parameters, ..facts("on", 0) }
    }

    #[test]
    fn a_setting_with_all_that_it_needs_is_ok() {
        for (facts, text) in [
            (facts("off", 0), "off, and no connection relies on it"),
            (facts("on", 1), "on: one connection has it, and may be without a socket for 30 s"),
            (
                facts("on", 1001),
                "on: more than 1000 connections have it, and may be without a socket for 30 s",
            ),
            (facts("drain", 7), "drain: 7 connections have it"),
            (facts("drain", 0), "drain: no connection has it"),
        ] {
            let findings = told(&facts);
            let [finding] = findings.as_slice() else { panic!("{findings:?}") };
            assert_eq!((finding.verdict, finding.detail.as_str()), (Verdict::Ok, text));
        }
    }

    #[test]
    fn each_fault_is_told_with_what_to_do() {
        for (facts, verdict, text, advice) in [
            (facts("off", 3), Verdict::Bad, "3 connections have", "StatefulReconnect=drain"),
            (
                Facts { has_queue: false, ..facts("on", 0) },
                Verdict::Bad,
                "no queue",
                "make upgrade",
            ),
            (
                Facts { lacking: vec!["connect has no X".to_owned()], ..facts("drain", 0) },
                Verdict::Bad,
                "connect has no X",
                "make upgrade",
            ),
            (
                Facts { silent: vec!["connect"], ..facts("on", 0) },
                Verdict::Bad,
                "connect could not",
                "sqs:SendMessage",
            ),
            (
                with("StatefulQuietSeconds", "30"),
                Verdict::Warn,
                "gave their connection up",
                "below 30",
            ),
            (with("StatefulWindowSeconds", "600"), Verdict::Warn, "once, at once", "30"),
        ] {
            let findings = told(&facts);
            let [finding] = findings.as_slice() else { panic!("{findings:?}") };
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.detail.contains(text), "{finding:?}");
            assert!(finding.advice.as_deref().is_some_and(|it| it.contains(advice)), "{finding:?}");
        }
        assert_eq!(told(&with("StatefulQuietSeconds", "29"))[0].verdict, Verdict::Ok);
    }
}
