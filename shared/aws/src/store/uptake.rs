//! The connections whose beginning an endpoint has not taken: a row for each, and none for those
//! that it has.

use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{StoreError, UptakeStore};
use hubcast_model::time::Timestamp;
use hubcast_model::uptake::Uptake;

use super::item::{self, Item, text, ttl};
use super::{DynamoStore, key, unavailable};

const OWED: &str = "owed";
const REFUSED: &str = "refused";

impl UptakeStore for DynamoStore {
    async fn uptake(&self, hub: &HubName, connection: &ConnectionId) -> Result<Uptake, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key::uptake(hub, connection)));
        let output = get.send().await.map_err(unavailable("uptake"))?;
        output.item.as_ref().map_or(Ok(Uptake::Taken), to_uptake)
    }

    async fn put_uptake(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        uptake: Uptake,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let mut row = key::uptake(hub, connection);
        let state = match uptake {
            Uptake::Taken => {
                let delete = self.client.delete_item().table_name(&self.table).set_key(Some(row));
                return delete.send().await.map(|_| ()).map_err(unavailable("put_uptake"));
            }
            Uptake::Owed => OWED,
            Uptake::Refused => REFUSED,
        };
        row.insert(key::STATE.to_owned(), text(state));
        row.insert(key::TTL.to_owned(), ttl(expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row));
        put.send().await.map(|_| ()).map_err(unavailable("put_uptake"))
    }
}

fn to_uptake(item: &Item) -> Result<Uptake, StoreError> {
    let what = "a uptake";
    match item::required(item, key::STATE, what)? {
        OWED => Ok(Uptake::Owed),
        REFUSED => Ok(Uptake::Refused),
        _ => Err(StoreError::Corrupt { what }),
    }
}
