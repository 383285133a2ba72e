//! `hubcast probe`: asks a deployment what only a deployment can tell.
//!
//! Some of what API Gateway does is documented nowhere. hubcast holds whatever
//! the answers are; but an operator should know the answers, and the answers
//! decide what can be made cheaper. Each row is one question with what was seen,
//! or why the question was not asked, and with a verdict. `docs/OPERATIONS.md`
//! lists the rows.

mod answer;
mod dialogue;
mod effort;
mod page;
mod report;
mod rows;
mod target;

use std::path::PathBuf;

use clap::Args;
use hubcast_model::time::{Clock, SystemClock};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use effort::Effort;
use report::Report;
use rows::Scene;
use target::Target;

/// The path of a local stack's management API.
const LOCAL_STAGE: &str = "local";

const EXAMPLES: &str = "\
Examples:
  hubcast probe --local
  hubcast probe --url https://push.example.com --idle-seconds 620
  hubcast probe --url wss://a1b2c3.execute-api.eu-central-1.amazonaws.com/prod --json";

/// Opens sockets to a deployment, and tells row by row how API Gateway behaves there.
///
/// --url is the public URL, or the URL of the WebSocket API with its stage. With --queue-url, and
/// credentials that may send to the queue, the probe measures latency from the queue on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Probe {
    /// A token that may connect, and lives for the minutes of a probe. A local stack makes one.
    /// Others on this machine see command lines, and not variables.
    #[arg(long, value_name = "JWT", env = "HUBCAST_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// The management API (`https://a1b2c3.execute-api.eu-central-1.amazonaws.com/prod`). With
    /// this URL, and credentials that may post, the probe posts to its own sockets.
    #[arg(long, value_name = "URL")]
    management_url: Option<String>,

    /// Also writes the rows into this folder, as a page in Markdown whose name has the time.
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,

    #[command(flatten)]
    effort: Effort,
}

impl Probe {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let target = Target::find(deployment, self.token.as_deref()).await?;
        target::answers(deployment).await?;
        let scene = Scene {
            deployment,
            target,
            management_url: self.management_url.or_else(|| local_management_url(deployment)),
            effort: self.effort,
        };
        let mut report = Report::new(output);
        rows::ask_all(&scene, &mut report).await?;
        if let Some(folder) = self.report {
            let url = deployment.url()?;
            let path = page::write(&folder, url, SystemClock.now(), report.rows())?;
            output.remark(&format!("the report is {}", path.display()));
        }
        Ok(())
    }
}

fn local_management_url(deployment: &Deployment) -> Option<String> {
    deployment.local().map(|local| format!("{local}/{LOCAL_STAGE}"))
}
