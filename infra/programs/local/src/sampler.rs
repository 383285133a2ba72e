//! What queues look like, noted every few seconds, as SQS tells CloudWatch on AWS.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName;

use crate::figures::FigureBook;
use crate::sqs::{DELIVERIES, DLQ, NOTIFICATIONS, queue_url};

/// How often the stack looks.
const PAUSE: Duration = Duration::from_secs(5);
const QUEUES: [&str; 3] = [NOTIFICATIONS, DELIVERIES, DLQ];

/// Notes the queues behind `base` until the task ends.
pub(crate) async fn sample(sqs: aws_sdk_sqs::Client, base: String, book: FigureBook) {
    let mut filled = HashMap::new();
    loop {
        for queue in QUEUES {
            if let Some((visible, hidden)) = counts(&sqs, &queue_url(&base, queue)).await {
                book.note_queue("ApproximateNumberOfMessagesVisible", queue, visible);
                let age = age(&mut filled, queue, visible + hidden > 0.0);
                book.note_queue("ApproximateAgeOfOldestMessage", queue, age.as_secs_f64());
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// For how long a queue has not been empty. The embedded queues do not tell how old a message is,
/// and no message is older than this.
fn age(
    filled: &mut HashMap<&'static str, Instant>,
    queue: &'static str,
    is_filled: bool,
) -> Duration {
    if !is_filled {
        filled.remove(queue);
        return Duration::ZERO;
    }
    filled.entry(queue).or_insert_with(Instant::now).elapsed()
}

/// How many messages can be received, and how many are hidden; `None` while the queue is created
/// anew.
async fn counts(sqs: &aws_sdk_sqs::Client, url: &str) -> Option<(f64, f64)> {
    let ask = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let answer = ask.send().await.ok()?;
    let count = |name| answer.attributes()?.get(&name)?.parse::<f64>().ok();
    Some((
        count(QueueAttributeName::ApproximateNumberOfMessages)?,
        count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_queue_has_no_age_and_begins_anew() {
        let mut filled = HashMap::new();
        assert_eq!(age(&mut filled, DLQ, false), Duration::ZERO);
        let first = age(&mut filled, DLQ, true);
        assert!(age(&mut filled, DLQ, true) >= first && !filled.is_empty());
        assert_eq!((age(&mut filled, DLQ, false), filled.len()), (Duration::ZERO, 0));
    }
}
