//! `hubcast doctor`: checks a deployment part by part, and says what to do.
//!
//! Checks do not depend on each other where possible, so that one run shows all
//! faults.

mod finding;
mod pings;
mod public;
mod servers;
pub(crate) mod settings;
mod stateful;
mod stock;
mod template;
mod upstream;

use clap::Args;

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use crate::verdict::Verdict;
use finding::Finding;

const EXAMPLES: &str = "\
Examples:
  hubcast doctor --local
  hubcast doctor --url https://push.example.com --region eu-central-1
  hubcast doctor --url https://push.example.com --read-only --json";

/// Checks queues, table, parameters, endpoint, clock and token, sends a message to its own
/// connection, and says what is wrong.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// Opens no connection and sends nothing.
    #[arg(long)]
    pub(crate) read_only: bool,

    /// A token to connect with, instead of one that the access key signs. Others on this machine
    /// see command lines, and not variables.
    #[arg(long, value_name = "JWT", env = "HUBCAST_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

impl Doctor {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let mut report = Report { output, faults: 0 };
        if let Some(silence) = public::silence(deployment).await {
            // Whatever else there is to check is of the same stack, so people need one line.
            if output.json {
                report.add(&silence)?;
            }
            let advice = silence.advice.unwrap_or_default();
            return Err(Failure::Faulty(format!("{}; {advice}", silence.detail)));
        }
        for finding in stock::examine(deployment).await {
            report.add(&finding)?;
        }
        for finding in settings::examine(deployment).await {
            report.add(&finding)?;
        }
        report.add(&servers::examine(deployment).await)?;
        report.add(&upstream::examine(deployment).await)?;
        for finding in stateful::examine(deployment).await {
            report.add(&finding)?;
        }
        if let Some(finding) = pings::examine(deployment).await {
            report.add(&finding)?;
        }
        public::examine(deployment, &self, &mut report).await?;
        match report.faults {
            0 => Ok(()),
            1 => Err(Failure::Faulty("there is a fault".to_owned())),
            faults => Err(Failure::Faulty(format!("there are {faults} faults"))),
        }
    }
}

/// Tells findings one by one, and counts the faults.
#[derive(Debug)]
struct Report<'a> {
    output: &'a Output,
    /// How many faults there are so far.
    faults: usize,
}

impl Report<'_> {
    fn add(&mut self, finding: &Finding) -> Result<(), Failure> {
        self.faults += usize::from(finding.verdict == Verdict::Bad);
        // What is in order is no news for people who want to be left alone.
        if self.output.quiet && !self.output.json && finding.verdict == Verdict::Ok {
            return Ok(());
        }
        self.output.result(finding, || finding.text())
    }
}
