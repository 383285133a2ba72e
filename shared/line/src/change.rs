//! One step of a line, as one conditional write.

use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::StoreError;

use crate::port::LineStore;
use crate::record::{Line, WriterId};

/// How often a step is tried that others keep overtaking: for seven seconds, on average. A page that
/// makes a hundred calls at once has as many functions write one record.
const TRIES: u32 = 20;
/// The longest pause after the first try; each further pause may be twice as long. A write that was
/// overtaken costs as much as another, so that many writers have to wait for long.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why a step was not taken, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The table did not answer twice. The step may have been taken.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others wrote the record each time. The step was not taken.
    #[error("the record of a line changes too fast")]
    Contended,
}

/// Takes a step of a line once, and answers what the step answers; `None` when there is no such
/// line.
///
/// The step is taken on the record as it was read, and anew when somebody else wrote the record
/// meanwhile. Whoever writes signs the record: when the answer to a write got lost, the signature
/// tells that the step was taken. A table may answer that the condition of such a write does not
/// hold, since adapters repeat what is not answered. A step that changes nothing costs no write.
///
/// # Errors
/// When the table does not answer twice, or others write all the time.
pub async fn change<S, T>(
    store: &S,
    id: &SocketId,
    step: impl FnMut(&mut Line) -> T + Send,
) -> Result<Option<T>, ChangeError>
where
    S: LineStore,
    T: Send,
{
    let writer = WriterId(fastrand::u32(..));
    let mut taker = Taker { store, id, step, writer, written: None };
    let (mut longest_pause, mut has_failed) = (FIRST_PAUSE, false);
    for _ in 0..TRIES {
        match taker.take().await {
            Ok(Taken::Done(outcome)) => return Ok(outcome),
            Ok(Taken::Overtaken) => {}
            Err(err) if has_failed => return Err(err.into()),
            Err(_) => has_failed = true,
        }
        tokio::time::sleep(longest_pause.mul_f64(fastrand::f64())).await;
        longest_pause = (longest_pause * 2).min(PAUSE_MAX);
    }
    Err(ChangeError::Contended)
}

/// Takes one step.
struct Taker<'a, S, F, T> {
    store: &'a S,
    id: &'a SocketId,
    step: F,
    writer: WriterId,
    /// What the step answered when it was written last.
    written: Option<T>,
}

/// What became of a try.
enum Taken<T> {
    /// The step is taken; `None` when there is no such line.
    Done(Option<T>),
    /// Somebody else wrote the record, or the answer to the own write got lost.
    Overtaken,
}

impl<S, F, T> Taker<'_, S, F, T>
where
    S: LineStore,
    F: FnMut(&mut Line) -> T,
{
    async fn take(&mut self) -> Result<Taken<T>, StoreError> {
        let Some(before) = self.store.line(self.id).await? else {
            return Ok(Taken::Done(None));
        };
        if before.writers.contains(&self.writer)
            && let Some(outcome) = self.written.take()
        {
            return Ok(Taken::Done(Some(outcome)));
        }
        let mut line = before.clone();
        let outcome = (self.step)(&mut line);
        if line == before {
            return Ok(Taken::Done(Some(outcome)));
        }
        line.revision = before.revision + 1;
        line.sign(self.writer);
        self.written = Some(outcome);
        let is_taken = self.store.replace_line(&line, before.revision).await?;
        Ok(if is_taken { Taken::Done(self.written.take()) } else { Taken::Overtaken })
    }
}
