//! Lines.

use hubcast_line::{Line, LineStore};
use hubcast_model::id::SocketId;
use hubcast_model::ports::StoreError;

use super::MemoryStore;
use crate::journal::lock;

impl LineStore for MemoryStore {
    async fn create_line(&self, line: &Line) -> Result<bool, StoreError> {
        self.meet("create_line").await?;
        let mut state = lock(&self.state);
        let is_new = !state.lines.contains_key(&line.id);
        if is_new {
            state.lines.insert(line.id.clone(), line.clone());
        }
        Ok(is_new)
    }

    async fn line(&self, id: &SocketId) -> Result<Option<Line>, StoreError> {
        self.meet("line").await?;
        Ok(lock(&self.state).lines.get(id).cloned())
    }

    async fn replace_line(&self, line: &Line, before: u64) -> Result<bool, StoreError> {
        self.meet("replace_line").await?;
        let mut state = lock(&self.state);
        let known = state.lines.get_mut(&line.id).filter(|known| known.revision == before);
        Ok(known.map(|known| *known = line.clone()).is_some())
    }
}
