//! The channel table, as an operator inspects it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeyType, TableDescription, TableStatus, TimeToLiveStatus};

use super::account::Account;
use super::fault::{OperatorError, Trouble, sorted};
use crate::store::key::{PK, SK, TTL};

/// How the table is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableState {
    /// Whether it can be used.
    pub is_active: bool,
    /// Whether its key is the one that rows are written by.
    pub has_key: bool,
    /// Whether rows that have expired are deleted.
    pub has_ttl: bool,
}

/// What `CloudFormation` puts between the name of the stack and what it adds itself.
const STACK_TABLE: &str = "-Table-";

impl Account {
    /// The name of a deployment's table: the deployment's own, or what `CloudFormation` made of it.
    ///
    /// # Errors
    /// When there is none or more than one, or nobody says so.
    pub async fn table_of(&self, deployment: &str) -> Result<String, OperatorError> {
        let operation = format!("find the table of {deployment}");
        let pages = Client::new(&self.sdk).list_tables().into_paginator().items().send();
        let names: Vec<String> = pages.try_collect().await.map_err(sorted(operation.clone()))?;
        let is_its = |name: &String| {
            name.strip_prefix(deployment)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(STACK_TABLE))
        };
        let mut its: Vec<String> = names.into_iter().filter(is_its).collect();
        match (its.pop(), its.is_empty()) {
            (Some(name), true) => Ok(name),
            (Some(last), false) => {
                let several = format!("--table has to say which: {}, {last}", its.join(", "));
                Err(OperatorError::new(operation, Trouble::Failed, several))
            }
            (None, _) => {
                Err(OperatorError::new(operation, Trouble::NotThere, "no table has such a name"))
            }
        }
    }

    /// Looks at the table of this name.
    ///
    /// # Errors
    /// When it is not there, or nobody says so.
    pub async fn table(&self, name: &str) -> Result<TableState, OperatorError> {
        let client = Client::new(&self.sdk);
        let operation = format!("look at the table {name}");
        let described = client.describe_table().table_name(name).send().await;
        let table = described.map_err(sorted(operation.clone()))?.table;
        let ttl = client.describe_time_to_live().table_name(name).send().await;
        let ttl = ttl.map_err(sorted(operation))?.time_to_live_description;
        let is_on = ttl.is_some_and(|ttl| {
            ttl.attribute_name.as_deref() == Some(TTL)
                && ttl.time_to_live_status == Some(TimeToLiveStatus::Enabled)
        });
        Ok(TableState {
            is_active: table.as_ref().is_some_and(|table| {
                matches!(table.table_status, Some(TableStatus::Active | TableStatus::Updating))
            }),
            has_key: table.as_ref().is_some_and(has_key),
            has_ttl: is_on,
        })
    }
}

fn has_key(table: &TableDescription) -> bool {
    let schema = table.key_schema();
    let is = |name: &str, kind: &KeyType| {
        schema.iter().any(|part| part.attribute_name == name && part.key_type == *kind)
    };
    schema.len() == 2 && is(PK, &KeyType::Hash) && is(SK, &KeyType::Range)
}
