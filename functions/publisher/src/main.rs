//! Starts the `publisher` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_aws::audit::AuditLog;
use hubcast_wiring::bootstrap::{patience, sdk_config, start_audited_logging, start_metrics};
use hubcast_wiring::config::PublisherConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use publisher::wiring::wire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let trail = &start_audited_logging()?;
    let metrics = start_metrics()?;
    let config = PublisherConfig::from_env()?;
    let ingress = config.queues.ingress_name().map(str::to_owned);
    let sdk = sdk_config();
    let audit = config.audit_log.clone().map(|group| AuditLog::new(&sdk, group, "publisher"));
    let (handler, ingress, audit) = (&wire(&sdk, config)?, ingress.as_deref(), audit.as_ref());
    run(service_fn(|event: LambdaEvent<_>| async move {
        let patience = patience(&event.context);
        let answer = publisher::handle(handler, ingress, event.payload, patience).await;
        metrics.flush();
        trail.flush(audit).await;
        Ok::<_, Error>(answer)
    }))
    .await
}
