//! The channel table in DynamoDB.
//!
//! One table, on demand, no index: `pk`, `sk` and a `ttl` in seconds. Every
//! method is one conditional operation, or a batch of independent ones.

mod access;
mod batch;
mod channels;
mod deadlines;
mod erasure;
mod item;
pub(crate) mod key;
mod lines;
mod notes;
mod progress;
mod results;
mod retention;
mod sessions;
mod sockets;
mod table;
mod upstream;
mod uptake;

use std::error::Error;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use hubcast_model::ports::StoreError;

use crate::on_demand::{OnDemand, on_demand};

pub use table::{TableError, create_table, delete_table};

/// The channel table.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    client: Arc<OnDemand<Client>>,
    table: String,
}

impl DynamoStore {
    /// The table of this name, by the SDK's configuration.
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: on_demand(config, Client::new), table: table.into() }
    }
}

/// Sorts whatever DynamoDB answers but a failed condition: worth another try later.
fn unavailable<E: Error + Send + Sync + 'static>(
    operation: &'static str,
) -> impl FnOnce(E) -> StoreError {
    move |source| StoreError::Unavailable { operation, source: Box::new(source) }
}

/// Errors that can say that a condition did not hold.
trait Condition {
    fn is_unmet(&self) -> bool;
}

impl Condition for PutItemError {
    fn is_unmet(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

impl Condition for UpdateItemError {
    fn is_unmet(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

impl Condition for DeleteItemError {
    fn is_unmet(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

impl Condition for TransactWriteItemsError {
    /// A transaction is also cancelled when it meets another; that is not an unmet condition.
    fn is_unmet(&self) -> bool {
        let Self::TransactionCanceledException(cancelled) = self else {
            return false;
        };
        let codes = || cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
        codes().any(|code| code == "ConditionalCheckFailed")
    }
}

/// Turns a failed condition into `None` and every other error into [`StoreError`].
fn if_met<T, E, R>(
    operation: &'static str,
    result: Result<T, SdkError<E, R>>,
) -> Result<Option<T>, StoreError>
where
    E: Condition + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(err) if err.as_service_error().is_some_and(Condition::is_unmet) => Ok(None),
        Err(err) => Err(unavailable(operation)(err)),
    }
}
