//! Whether backends have taken the beginnings of connections.

use std::future::Future;

use super::StoreError;
use crate::id::{ConnectionId, HubName};
use crate::time::Timestamp;
use crate::uptake::Uptake;

/// The connections whose beginning an endpoint has not taken.
pub trait UptakeStore: Send + Sync {
    /// How a connection stands; strongly consistent.
    fn uptake(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> impl Future<Output = Result<Uptake, StoreError>> + Send;

    /// Notes how a connection stands, until `expires`. What is taken needs no row.
    fn put_uptake(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        uptake: Uptake,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
