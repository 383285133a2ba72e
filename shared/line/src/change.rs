//! One step of a line, as one conditional write.

use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::StoreError;

use crate::port::LineStore;
use crate::record::Line;

/// How often a step is tried that others keep overtaking.
const TRIES: u32 = 12;
/// The longest pause after the first try; each further pause may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Why a step was not taken, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The table did not answer. The step may have been taken, and may be taken again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others wrote the record each time. The step was not taken.
    #[error("the record of a line changes too fast")]
    Contended,
}

/// Takes a step of a line, and answers what the step answers; `None` when there is no such line.
///
/// The step is taken on the record as it was read, and once more when somebody wrote the record
/// meanwhile. A step that changes nothing costs no write.
///
/// # Errors
/// When the table does not answer, or others write all the time.
pub async fn change<S, T>(
    store: &S,
    id: &SocketId,
    mut step: impl FnMut(&mut Line) -> T + Send,
) -> Result<Option<T>, ChangeError>
where
    S: LineStore,
    T: Send,
{
    let mut longest_pause = FIRST_PAUSE;
    for _ in 0..TRIES {
        let Some(before) = store.line(id).await? else {
            return Ok(None);
        };
        let mut line = before.clone();
        let outcome = step(&mut line);
        if line == before {
            return Ok(Some(outcome));
        }
        line.revision = before.revision + 1;
        if store.replace_line(&line, before.revision).await? {
            return Ok(Some(outcome));
        }
        tokio::time::sleep(longest_pause.mul_f64(fastrand::f64())).await;
        longest_pause = (longest_pause * 2).min(PAUSE_MAX);
    }
    Err(ChangeError::Contended)
}
