//! How connections stand with their endpoint, remembered where nothing can change any more.
//!
//! The beginning of a connection is the first of its events, so a connection
//! that is once found taken stays taken.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use hubcast_model::client::Client;
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{StandingStore, StoreError};
use hubcast_model::standing::{STANDING_LIFETIME, Standing};
use hubcast_model::time::Timestamp;

/// How many connections that are taken are remembered, so that their events cost no read.
const TAKEN_MAX: usize = 10_000;

/// The standings of connections.
#[derive(Debug)]
pub struct Standings<S> {
    store: S,
    taken: Mutex<HashSet<(HubName, ConnectionId)>>,
}

impl<S: StandingStore> Standings<S> {
    /// The standings that this table holds.
    pub fn new(store: S) -> Self {
        Self { store, taken: Mutex::default() }
    }

    /// How the connection of a client stands, whose beginning was told or put off before.
    pub(crate) async fn of(&self, client: &Client) -> Result<Standing, StoreError> {
        if self.is_taken(client) {
            return Ok(Standing::Taken);
        }
        let standing = self.noted(client).await?;
        if standing == Standing::Taken {
            self.remember(client);
        }
        Ok(standing)
    }

    /// What is noted of the connection of a client.
    pub(crate) async fn noted(&self, client: &Client) -> Result<Standing, StoreError> {
        self.store.standing(&client.hub, &client.connection).await
    }

    /// Notes how the connection of a client stands.
    pub(crate) async fn note(
        &self,
        client: &Client,
        standing: Standing,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let expires = now.plus(STANDING_LIFETIME);
        self.store.put_standing(&client.hub, &client.connection, standing, expires).await
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
