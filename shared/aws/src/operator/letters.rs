//! Dead letters, as an operator reads, redrives and drops them.
//!
//! SQS has no way to look at a queue: letters are received, which hides them
//! for a while, and released again. Of a message group that has hidden letters
//! it hands out no more, so a look sees the first letters of every group.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use hubcast_model::dead_letter::LetterAttributes;
use hubcast_model::time::Timestamp;
use hubcast_model::trace::Traceparent;

use super::fault::{OperatorError, Trouble, sorted};
use super::queue::Queue;
use crate::queue::{id, message_attributes};

/// The most letters of one receive.
const BATCH_MAX: i32 = 10;
/// A receive that waits asks all of the queue's servers, where one that does not asks some.
const WAIT_SECONDS: i32 = 1;

/// A message of the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The id that the queue gave it.
    pub id: String,
    /// What could not be delivered.
    pub body: String,
    /// The message group that it came from.
    pub group: String,
    /// Why it is here, in one word; nothing when the queue itself moved it.
    pub reason: Option<String>,
    /// Why it is here, in a sentence.
    pub detail: Option<String>,
    /// Where its progress is kept.
    pub progress_key: String,
    /// The queue that it came from, when that queue itself moved it.
    pub source: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// The trace within which it was sent.
    pub trace: Option<Traceparent>,
    receipt: String,
}

impl Queue {
    /// Receives up to ten letters, and hides them for `hold`; none when there are no more.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn take_letters(&self, hold: Duration) -> Result<Vec<Letter>, OperatorError> {
        let receive = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(BATCH_MAX)
            .wait_time_seconds(WAIT_SECONDS)
            .visibility_timeout(seconds(hold))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        let answer = receive.send().await.map_err(sorted("read dead letters"))?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(letter).collect())
    }

    /// Shows a letter again that was taken.
    ///
    /// # Errors
    /// When the queue does not answer; the letter shows by itself later.
    pub async fn release(&self, letter: &Letter) -> Result<(), OperatorError> {
        let change = self.client.change_message_visibility().queue_url(&self.url);
        let change = change.receipt_handle(&letter.receipt).visibility_timeout(0);
        change.send().await.map(|_| ()).map_err(sorted("release a dead letter"))
    }

    /// Deletes a letter that was taken.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn drop_letter(&self, letter: &Letter) -> Result<(), OperatorError> {
        let delete = self.client.delete_message().queue_url(&self.url);
        let delete = delete.receipt_handle(&letter.receipt);
        delete.send().await.map(|_| ()).map_err(sorted("delete a dead letter"))
    }

    /// Sends a letter to this queue so that it resumes where it stood.
    ///
    /// A letter that is sent twice within five minutes counts once, so that a redrive which broke
    /// off before the letter was deleted can be repeated.
    ///
    /// # Errors
    /// When the queue does not take it.
    pub async fn redrive(&self, letter: &Letter) -> Result<(), OperatorError> {
        let operation = || format!("send a dead letter to {}", self.name());
        let attributes = message_attributes(&LetterAttributes::of_redrive(
            &letter.progress_key,
            letter.trace.clone(),
        ));
        let attributes =
            attributes.map_err(|err| OperatorError::new(operation(), Trouble::Failed, err))?;
        let send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(&letter.body)
            .message_group_id(id(&letter.group))
            .message_deduplication_id(id(&letter.id))
            .set_message_attributes(Some(attributes));
        send.send().await.map(|_| ()).map_err(sorted(operation()))
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn letter(message: Message) -> Option<Letter> {
    let own = message.message_attributes.unwrap_or_default();
    let own = LetterAttributes::read(|name| own.get(name)?.string_value.clone());
    let known = message.attributes.unwrap_or_default();
    let known = |name| known.get(&name).cloned();
    let id = message.message_id?;
    let sent = known(MessageSystemAttributeName::SentTimestamp);
    let source = known(MessageSystemAttributeName::DeadLetterQueueSourceArn);
    Some(Letter {
        body: message.body.unwrap_or_default(),
        group: known(MessageSystemAttributeName::MessageGroupId).unwrap_or_default(),
        reason: own.reason,
        detail: own.detail,
        trace: own.trace,
        // A letter that the queue itself moved kept its id, under which its progress is.
        progress_key: own.progress_key.unwrap_or_else(|| id.clone()),
        source: source.and_then(|arn| arn.rsplit(':').next().map(str::to_owned)),
        sent_at: sent.and_then(|millis| millis.parse().ok()).map(Timestamp::from_millis),
        receipt: message.receipt_handle?,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received() -> Message {
        let known = [
            (MessageSystemAttributeName::MessageGroupId, "n:user:alice"),
            (MessageSystemAttributeName::SentTimestamp, "1000"),
            (
                MessageSystemAttributeName::DeadLetterQueueSourceArn,
                "arn:aws:sqs:eu-central-1:1:hubcast-deliveries.fifo",
            ),
        ];
        let known = known.map(|(name, value)| (name, value.to_owned()));
        let message = Message::builder().message_id("m").receipt_handle("r").body("{}");
        message.set_attributes(Some(known.into())).build()
    }

    #[test]
    fn a_letter_that_the_queue_moved_goes_on_under_its_id_where_it_came_from() {
        let letter = letter(received()).unwrap();
        assert_eq!(letter.source.as_deref(), Some("hubcast-deliveries.fifo"));
        assert_eq!((letter.progress_key.as_str(), letter.reason), ("m", None));
        assert_eq!(letter.sent_at, Some(Timestamp::from_millis(1000)));
    }

    #[test]
    fn a_letter_of_the_publisher_says_why_and_under_which_key() {
        let written = LetterAttributes {
            reason: Some("TooOld".to_owned()),
            detail: Some("so".to_owned()),
            progress_key: Some("m/0/rejected".to_owned()),
            trace: None,
        };
        let mut message = received();
        message.message_attributes = Some(message_attributes(&written).unwrap());
        let letter = letter(message).unwrap();
        assert_eq!(letter.reason.as_deref(), Some("TooOld"));
        assert_eq!(letter.detail.as_deref(), Some("so"));
        assert_eq!(letter.progress_key, "m/0/rejected");
    }
}
