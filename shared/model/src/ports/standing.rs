//! Whether backends have taken the beginnings of connections.

use std::future::Future;

use super::StoreError;
use crate::id::{ConnectionId, HubName};
use crate::standing::Standing;
use crate::time::Timestamp;

/// The connections whose beginning an endpoint has not taken.
pub trait StandingStore: Send + Sync {
    /// How a connection stands; strongly consistent.
    fn standing(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> impl Future<Output = Result<Standing, StoreError>> + Send;

    /// Notes how a connection stands, until `expires`. What is taken needs no row.
    fn put_standing(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        standing: Standing,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
