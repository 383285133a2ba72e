//! The connections whose beginning an endpoint has not taken: a row for each, and none for those
//! that it has.

use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{StandingStore, StoreError};
use hubcast_model::standing::Standing;
use hubcast_model::time::Timestamp;

use super::item::{self, Item, text, ttl};
use super::{DynamoStore, key, unavailable};

const OWED: &str = "owed";
const REFUSED: &str = "refused";

impl StandingStore for DynamoStore {
    async fn standing(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> Result<Standing, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key::standing(hub, connection)));
        let output = get.send().await.map_err(unavailable("standing"))?;
        output.item.as_ref().map_or(Ok(Standing::Taken), to_standing)
    }

    async fn put_standing(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        standing: Standing,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let mut row = key::standing(hub, connection);
        let state = match standing {
            Standing::Taken => {
                let delete = self.client.delete_item().table_name(&self.table).set_key(Some(row));
                return delete.send().await.map(|_| ()).map_err(unavailable("put_standing"));
            }
            Standing::Owed => OWED,
            Standing::Refused => REFUSED,
        };
        row.insert(key::STATE.to_owned(), text(state));
        row.insert(key::TTL.to_owned(), ttl(expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row));
        put.send().await.map(|_| ()).map_err(unavailable("put_standing"))
    }
}

fn to_standing(item: &Item) -> Result<Standing, StoreError> {
    let what = "a standing";
    match item::required(item, key::STATE, what)? {
        OWED => Ok(Standing::Owed),
        REFUSED => Ok(Standing::Refused),
        _ => Err(StoreError::Corrupt { what }),
    }
}
