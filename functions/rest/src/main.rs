//! Starts the `rest` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_aws::audit::AuditLog;
use hubcast_wiring::bootstrap::{patience, sdk_config, start_audited_logging, traced};
use hubcast_wiring::config::RestConfig;
use hubcast_wiring::remote::environment;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use rest::wiring::wire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let trail = &start_audited_logging()?;
    let sdk = sdk_config();
    let config = RestConfig::read(environment(&sdk).await?)?;
    let audit = config.audit_log.clone().map(|group| AuditLog::new(&sdk, group, "rest"));
    let (handler, audit) = (&wire(&sdk, config)?, audit.as_ref());
    run(service_fn(|event: LambdaEvent<_>| async move {
        // One of them is large.
        let answer = rest::handle(handler, event.payload, patience(&event.context));
        let answer = Box::pin(traced(&event.context, answer)).await;
        Box::pin(trail.flush(audit)).await;
        Ok::<_, Error>(answer)
    }))
    .await
}
