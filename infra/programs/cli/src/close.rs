//! Ending connections: by an envelope, so that it happens in order and rows go too.

use clap::Args;
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Action, Content, Notification};

use crate::deployment::Deployment;
use crate::dispatch::{deliver, show, tell};
use crate::draft::Draft;
use crate::failure::Failure;
use crate::output::Output;

/// How connections are ended.
#[derive(Debug, Args)]
pub(crate) struct Manner {
    /// A text for the clients' error.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Lets clients come back by themselves.
    #[arg(long)]
    allow_reconnect: bool,

    /// Shows what would be sent, and sends nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Has the connections of audiences ended. `revoke` says whether tokens from before are refused,
/// where that is not left to what a close of users does.
pub(crate) async fn close(
    deployment: &Deployment,
    output: &Output,
    audiences: Vec<Audience>,
    manner: &Manner,
    revoke: Option<bool>,
) -> Result<(), Failure> {
    let mut drafts = Vec::with_capacity(audiences.len());
    for audience in audiences {
        let content = Content::Action(Action::Close {
            audience,
            reason: manner.reason.clone(),
            allow_reconnect: manner.allow_reconnect,
            revoke,
        });
        drafts.push(Draft::of(&Notification::new(deployment.hub().clone(), content))?);
    }
    if manner.dry_run {
        return drafts.iter().try_for_each(|draft| show(draft, output));
    }
    deliver(&deployment.notifications().await?, &drafts).await?;
    tell(output, drafts.len(), || "queued; the publisher closes the connections".to_owned())
}
