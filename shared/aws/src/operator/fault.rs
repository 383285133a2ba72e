//! Why AWS did not do what was asked, sorted by what a person does about it.

use std::error::Error;

use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
use hubcast_model::ports::{Cause, QueueError, StoreError};

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No region is known.
    NoRegion,
    /// Nobody is signed in, or no longer.
    NoCredentials,
    /// Whoever is signed in may not do this.
    Denied,
    /// The queue or table does not exist, in this account and region.
    NotThere,
    /// The endpoint does not answer.
    Unreachable,
    /// Anything else.
    Failed,
}

/// AWS did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation}")]
pub struct OperatorError {
    /// What was asked, such as `find the queue hubcast-dlq.fifo`.
    pub operation: String,
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// What the SDK said.
    #[source]
    pub source: Cause,
}

impl OperatorError {
    pub(super) fn new(
        operation: impl Into<String>,
        trouble: Trouble,
        source: impl Into<Cause>,
    ) -> Self {
        Self { operation: operation.into(), trouble, source: source.into() }
    }
}

impl From<StoreError> for OperatorError {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Unavailable { source, .. } => of_cause("read the table", source),
            corrupt @ StoreError::Corrupt { .. } => {
                Self::new("read the table", Trouble::Failed, corrupt)
            }
        }
    }
}

impl From<QueueError> for OperatorError {
    fn from(err: QueueError) -> Self {
        of_cause("send to the queue", err.source)
    }
}

/// Sorts what an adapter saw: the error of one of the calls that operators' reads and sends make.
fn of_cause(operation: &str, cause: Cause) -> OperatorError {
    let cause = match of_call::<QueryError>(operation, cause) {
        Ok(err) => return err,
        Err(cause) => cause,
    };
    let cause = match of_call::<GetItemError>(operation, cause) {
        Ok(err) => return err,
        Err(cause) => cause,
    };
    of_call::<SendMessageBatchError>(operation, cause)
        .unwrap_or_else(|cause| OperatorError::new(operation, Trouble::Failed, cause))
}

fn of_call<E>(operation: &str, cause: Cause) -> Result<OperatorError, Cause>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    cause.downcast::<SdkError<E>>().map(|err| sorted(operation)(*err))
}

/// What a service said, without the layers that the SDK puts around it.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
struct Answer {
    code: String,
    message: String,
}

/// Sorts an error of the SDK.
pub(super) fn sorted<E, R>(
    operation: impl Into<String>,
) -> impl FnOnce(SdkError<E, R>) -> OperatorError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    move |err| {
        let trouble = trouble(&err);
        let answer = err.as_service_error().and_then(|answer| {
            let (code, message) = (answer.code()?, answer.message().unwrap_or_default());
            Some(Answer { code: code.to_owned(), message: message.to_owned() })
        });
        match answer {
            Some(answer) => OperatorError::new(operation, trouble, answer),
            None => OperatorError::new(operation, trouble, err),
        }
    }
}

fn trouble<E: ProvideErrorMetadata, R>(err: &SdkError<E, R>) -> Trouble {
    match err {
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            Trouble::Unreachable
        }
        // What else keeps a request from being sent is that it cannot be signed.
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => Trouble::NoCredentials,
        SdkError::TimeoutError(_) => Trouble::Unreachable,
        SdkError::ServiceError(answer) => by_code(answer.err().code().unwrap_or_default()),
        _ => Trouble::Failed,
    }
}

/// The codes of SQS, DynamoDB, Lambda and CloudFormation, and those that all services have.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>
fn by_code(code: &str) -> Trouble {
    match code {
        "AWS.SimpleQueueService.NonExistentQueue"
        | "QueueDoesNotExist"
        | "ResourceNotFoundException"
        // CloudFormation says so of stacks, and the requests of hubcast are valid.
        | "ValidationError" => Trouble::NotThere,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Trouble::NoCredentials,
        "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "OptInRequired" => {
            Trouble::Denied
        }
        _ => Trouble::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_a_person_has_to_do() {
        for (code, trouble) in [
            ("QueueDoesNotExist", Trouble::NotThere),
            ("ResourceNotFoundException", Trouble::NotThere),
            ("ExpiredToken", Trouble::NoCredentials),
            ("AccessDeniedException", Trouble::Denied),
            ("InternalError", Trouble::Failed),
        ] {
            assert_eq!(by_code(code), trouble, "{code}");
        }
    }
}
