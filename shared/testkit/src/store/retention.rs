//! Retained values, inboxes, and which of them are in use.

use hubcast_model::id::HubName;
use hubcast_model::ports::{BoardStore, Consistency, InboxStore, StoreError, UsageStore};
use hubcast_model::retention::{
    Board, Inbox, InboxMessage, QueuePosition, RetainedValue, Use, Uses,
};
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

impl UsageStore for MemoryStore {
    async fn note_use(&self, hub: &HubName, what: Use) -> Result<(), StoreError> {
        self.meet("note_use").await?;
        lock(&self.state).uses.entry(hub.clone()).or_default().insert(what);
        Ok(())
    }

    async fn uses(&self, hub: &HubName, _consistency: Consistency) -> Result<Uses, StoreError> {
        self.meet("uses").await?;
        Ok(lock(&self.state).uses.get(hub).cloned().unwrap_or_default())
    }
}

impl BoardStore for MemoryStore {
    async fn put_retained(&self, board: &Board, value: &RetainedValue) -> Result<(), StoreError> {
        self.meet("put_retained").await?;
        let mut state = lock(&self.state);
        let values = state.boards.entry(board.clone()).or_default();
        if values.get(&value.key).is_none_or(|stands| value.replaces(stands)) {
            values.insert(value.key.clone(), value.clone());
        }
        Ok(())
    }

    async fn retained(
        &self,
        board: &Board,
        now: Timestamp,
    ) -> Result<Vec<RetainedValue>, StoreError> {
        self.meet("retained").await?;
        let state = lock(&self.state);
        let values = state.boards.get(board).into_iter().flat_map(|values| values.values());
        let counts = |value: &&RetainedValue| value.record.is_some() && value.expires > now;
        Ok(values.filter(counts).cloned().collect())
    }
}

impl InboxStore for MemoryStore {
    async fn put_inbox_message(
        &self,
        inbox: &Inbox,
        message: &InboxMessage,
    ) -> Result<(), StoreError> {
        self.meet("put_inbox_message").await?;
        let mut state = lock(&self.state);
        let waiting = state.inboxes.entry(inbox.clone()).or_default();
        waiting.insert(message.position.clone(), message.clone());
        Ok(())
    }

    async fn inbox_messages(
        &self,
        inbox: &Inbox,
        now: Timestamp,
    ) -> Result<Vec<InboxMessage>, StoreError> {
        self.meet("inbox_messages").await?;
        let state = lock(&self.state);
        let waiting = state.inboxes.get(inbox).into_iter().flat_map(|waiting| waiting.values());
        Ok(waiting.filter(|message| message.expires > now).cloned().collect())
    }

    async fn remove_inbox_messages(
        &self,
        inbox: &Inbox,
        positions: &[QueuePosition],
    ) -> Result<(), StoreError> {
        for position in positions {
            self.take_out("remove_inbox_messages", inbox, position).await?;
        }
        Ok(())
    }

    async fn take_back(&self, inbox: &Inbox, position: &QueuePosition) -> Result<bool, StoreError> {
        self.take_out("take_back", inbox, position).await
    }
}

impl MemoryStore {
    async fn take_out(
        &self,
        operation: &'static str,
        inbox: &Inbox,
        position: &QueuePosition,
    ) -> Result<bool, StoreError> {
        self.meet(operation).await?;
        let mut state = lock(&self.state);
        let waiting = state.inboxes.get_mut(inbox);
        Ok(waiting.and_then(|waiting| waiting.remove(position)).is_some())
    }
}
