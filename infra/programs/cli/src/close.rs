//! Ending connections: by an envelope, so that it happens in order and rows go too.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::deployment::Deployment;
use crate::dispatch::{deliver, show, tell};
use crate::draft::draft;
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

/// Has the connections ended that each of these names, such as `("userId", "alice")`.
pub(crate) async fn close(
    deployment: &Deployment,
    output: Output,
    named: Vec<(&str, Value)>,
    (manner, revoke): (&Manner, Option<bool>),
) -> Result<(), Failure> {
    let mut shared = Map::new();
    shared.insert("action".to_owned(), json!("close"));
    let optional = [
        ("reason", manner.reason.as_ref().map(|reason| json!(reason))),
        ("allowReconnect", manner.allow_reconnect.then_some(json!(true))),
        ("revoke", revoke.map(|revoke| json!(revoke))),
    ];
    for (name, value) in optional {
        shared.extend(value.map(|value| (name.to_owned(), value)));
    }
    let mut drafts = Vec::new();
    for (name, value) in named {
        let mut fields = shared.clone();
        fields.insert(name.to_owned(), value);
        drafts.push(draft(&Value::Object(fields).to_string(), deployment.hub())?);
    }
    if manner.dry_run {
        return drafts.iter().try_for_each(|draft| show(draft, output));
    }
    deliver(&deployment.notifications().await?, &drafts).await?;
    tell(output, drafts.len(), || "queued; the publisher closes the connections".to_owned())
}
