//! How connections stand with their endpoint, remembered where nothing can change any more.
//!
//! The beginning of a connection is the first of its events, so a connection
//! that is once found taken stays taken.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use hubcast_model::client::Client;
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{StoreError, UptakeStore};
use hubcast_model::time::Timestamp;
use hubcast_model::uptake::{UPTAKE_LIFETIME, Uptake};

/// How many connections that are taken are remembered, so that their events cost no read.
const TAKEN_MAX: usize = 10_000;

/// The uptakes of connections.
#[derive(Debug)]
pub struct Uptakes<S> {
    store: S,
    taken: Mutex<HashSet<(HubName, ConnectionId)>>,
}

impl<S: UptakeStore> Uptakes<S> {
    /// The uptakes that this table holds.
    pub fn new(store: S) -> Self {
        Self { store, taken: Mutex::default() }
    }

    /// How the connection of a client stands, whose beginning was told or put off before.
    pub(crate) async fn of(&self, client: &Client) -> Result<Uptake, StoreError> {
        if self.is_taken(client) {
            return Ok(Uptake::Taken);
        }
        let uptake = self.noted(client).await?;
        if uptake == Uptake::Taken {
            self.remember(client);
        }
        Ok(uptake)
    }

    /// What is noted of the connection of a client.
    pub(crate) async fn noted(&self, client: &Client) -> Result<Uptake, StoreError> {
        self.store.uptake(&client.hub, &client.connection).await
    }

    /// Notes how the connection of a client stands.
    pub(crate) async fn note(
        &self,
        client: &Client,
        uptake: Uptake,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let expires = now.plus(UPTAKE_LIFETIME);
        self.store.put_uptake(&client.hub, &client.connection, uptake, expires).await
    }

    /// Remembers that the connection of a client, which has no row, is taken.
    pub(crate) fn remember(&self, client: &Client) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= TAKEN_MAX {
            taken.clear();
        }
        taken.insert((client.hub.clone(), client.connection.clone()));
    }

    fn is_taken(&self, client: &Client) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.contains(&(client.hub.clone(), client.connection.clone()))
    }
}
