//! The table's own definition, for local stacks and tests. Deployments declare it in the template.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};

use super::key::{PK, SK, TTL};

/// The table could not be created.
#[derive(Debug, thiserror::Error)]
#[error("the table could not be created")]
pub struct TableError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl TableError {
    /// Whether the table was there already.
    pub fn is_existing(&self) -> bool {
        let create = self.0.downcast_ref::<SdkError<CreateTableError>>();
        let service = create.and_then(SdkError::as_service_error);
        service.is_some_and(CreateTableError::is_resource_in_use_exception)
    }
}

/// Deletes the channel table with all that is in it.
pub async fn delete_table(config: &SdkConfig, table: &str) -> Result<(), TableError> {
    let delete = Client::new(config).delete_table().table_name(table);
    delete.send().await.map(|_| ()).map_err(|err| TableError(Box::new(err)))
}

/// Creates the channel table: on demand, with TTL.
pub async fn create_table(config: &SdkConfig, table: &str) -> Result<(), TableError> {
    let client = Client::new(config);
    let definition = |name| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S)
    };
    let schema = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind);
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(definition(PK).build().map_err(build_error)?)
        .attribute_definitions(definition(SK).build().map_err(build_error)?)
        .key_schema(schema(PK, KeyType::Hash).build().map_err(build_error)?)
        .key_schema(schema(SK, KeyType::Range).build().map_err(build_error)?)
        .send()
        .await
        .map_err(|err| TableError(Box::new(err)))?;
    let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true);
    let update = client.update_time_to_live().table_name(table);
    let update = update.time_to_live_specification(ttl.build().map_err(build_error)?);
    update.send().await.map(|_| ()).map_err(|err| TableError(Box::new(err)))
}

fn build_error(err: aws_sdk_dynamodb::error::BuildError) -> TableError {
    TableError(Box::new(err))
}
