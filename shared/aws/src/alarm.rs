//! Alarms of lines, as messages that SQS delays.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use hubcast_line::{LineAlarm, alarm_message};
use hubcast_model::id::SocketId;
use hubcast_model::ports::Cause;

use crate::on_demand::{OnDemand, on_demand};
use crate::upstream::DELAY_MAX;

/// There is no queue that could delay an alarm.
#[derive(Debug, thiserror::Error)]
#[error("there is no queue for alarms")]
struct NoQueue;

/// Alarms over the queue of what is due later.
#[derive(Debug, Clone)]
pub struct SqsAlarm {
    client: Arc<OnDemand<Client>>,
    /// `TIMERS_QUEUE_URL`; `None` where no line waits for its client.
    url: Option<String>,
}

impl SqsAlarm {
    /// Alarms over the queue at this URL.
    pub fn new(config: &SdkConfig, url: Option<String>) -> Self {
        Self { client: on_demand(config, Client::new), url }
    }
}

impl LineAlarm for SqsAlarm {
    async fn ring(&self, line: &SocketId, after: Duration) -> Result<(), Cause> {
        let url = self.url.as_ref().ok_or(NoQueue)?;
        let seconds = i32::try_from(after.min(DELAY_MAX).as_secs()).unwrap_or_default();
        let alarm = self.client.send_message().queue_url(url).message_body(alarm_message(line));
        alarm.delay_seconds(seconds).send().await?;
        Ok(())
    }
}
