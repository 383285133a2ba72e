//! Adapters for DynamoDB, SQS and the management API, configuration and bootstrap.
