//! A value from elsewhere that is kept in memory: keys of issuers, access keys.
//!
//! It is read when first needed, read anew when it is old or does not hold what
//! is looked for, and kept while its source is down. One read serves all who
//! wait for it, and failures are not repeated at once.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

use crate::ports::Cause;
use crate::report::chain;

/// How soon a source that never answered is asked again.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// When a value is read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheRules {
    /// What the value is, for logs.
    pub what: &'static str,
    /// From this age on it counts as old.
    pub old_after: Duration,
    /// Whether those who need an old value wait for a new one, or get it while it is read anew.
    pub waits: bool,
    /// How long lies between two reads at least.
    pub pause: Duration,
}

/// A value that is cached.
#[derive(Debug)]
pub struct Cached<T> {
    rules: CacheRules,
    inner: Arc<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    state: Mutex<State<T>>,
    turn: Turn<()>,
}

#[derive(Debug)]
struct State<T> {
    value: Option<Arc<T>>,
    read_at: Option<Instant>,
    tried_at: Option<Instant>,
}

impl<T: Send + Sync + 'static> Cached<T> {
    /// Nothing yet.
    pub fn new(rules: CacheRules) -> Self {
        let state = Mutex::new(State { value: None, read_at: None, tried_at: None });
        Self { rules, inner: Arc::new(Inner { state, turn: Turn::new(()) }) }
    }

    /// The value that is cached, if it holds what is looked for; otherwise one that `read` gets.
    ///
    /// # Errors
    /// When nothing is kept and the source does not answer.
    pub async fn get<R>(
        &self,
        holds: impl Fn(&T) -> bool,
        read: impl FnOnce() -> R,
    ) -> Result<Arc<T>, Cause>
    where
        R: Future<Output = Result<T, Cause>> + Send + 'static,
    {
        let cached = self.inner.lock().value.clone().filter(|value| holds(value));
        let is_old = self.is_due();
        match cached {
            Some(value) if !is_old => return Ok(value),
            Some(value) if !self.rules.waits => {
                self.read_behind(read());
                return Ok(value);
            }
            _ => {}
        }
        let _turn = self.inner.turn.lock().await;
        // Whoever had the turn before may have read it.
        let cached = self.inner.lock().value.clone();
        let is_there = cached.as_ref().is_some_and(|value| holds(value)) && !self.is_due();
        match cached {
            Some(value) if is_there || self.is_pausing() => Ok(value),
            None if self.is_pausing() => Err("the source did not answer a moment ago".into()),
            _ => self.inner.take(self.rules.what, read().await),
        }
    }

    /// Old, and not tried lately.
    fn is_due(&self) -> bool {
        let read_at = self.inner.lock().read_at;
        let is_old = read_at.is_none_or(|at| at.elapsed() >= self.rules.old_after);
        is_old && !self.is_pausing()
    }

    fn is_pausing(&self) -> bool {
        let state = self.inner.lock();
        let pause = if state.value.is_some() { self.rules.pause } else { FIRST_PAUSE };
        state.tried_at.is_some_and(|at| at.elapsed() < pause)
    }

    fn read_behind(&self, reading: impl Future<Output = Result<T, Cause>> + Send + 'static) {
        let (inner, what) = (Arc::clone(&self.inner), self.rules.what);
        // At once, so that those who come next do not read it too.
        inner.lock().tried_at = Some(Instant::now());
        tokio::spawn(async move {
            // A value stays kept when this fails, so there is nothing to tell anybody.
            let _kept = inner.take(what, reading.await);
        });
    }
}

impl<T> Inner<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was read; when that failed, what was kept before stays.
    fn take(&self, what: &'static str, read: Result<T, Cause>) -> Result<Arc<T>, Cause> {
        let mut state = self.lock();
        state.tried_at = Some(Instant::now());
        match read {
            Ok(value) => {
                state.read_at = state.tried_at;
                Ok(Arc::clone(state.value.insert(Arc::new(value))))
            }
            Err(err) => {
                tracing::warn!(error = %chain(err.as_ref()), what, "something kept cannot be read");
                state.value.clone().ok_or(err)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// A source that counts, and answers its count; or fails.
    #[derive(Debug, Default, Clone)]
    struct Source {
        reads: Arc<AtomicUsize>,
        is_down: bool,
        takes: Duration,
    }

    impl Source {
        async fn read(self) -> Result<usize, Cause> {
            tokio::time::sleep(self.takes).await;
            let reads = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
            if self.is_down { Err("down".into()) } else { Ok(reads) }
        }

        fn down(&self) -> Self {
            Self { is_down: true, ..self.clone() }
        }

        fn count(&self) -> usize {
            self.reads.load(Ordering::SeqCst)
        }
    }

    fn cached(waits: bool) -> Cached<usize> {
        Cached::new(CacheRules { what: "a number", old_after: 5 * MINUTE, waits, pause: MINUTE })
    }

    async fn any(cached: &Cached<usize>, source: &Source) -> Option<usize> {
        cached.get(|_| true, || source.clone().read()).await.ok().map(|value| *value)
    }

    async fn at_least(cached: &Cached<usize>, source: &Source, least: usize) -> Option<usize> {
        let holds = |value: &usize| *value >= least;
        cached.get(holds, || source.clone().read()).await.ok().map(|value| *value)
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_read_once_and_anew_when_it_is_old() {
        let (cached, source) = (cached(true), Source::default());
        assert_eq!(any(&cached, &source).await, Some(1));
        tokio::time::advance(4 * MINUTE).await;
        assert_eq!(any(&cached, &source).await, Some(1));
        tokio::time::advance(MINUTE).await;
        assert_eq!(any(&cached, &source).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_read_serves_all_who_wait() {
        let source = Source { takes: Duration::from_secs(1), ..Source::default() };
        let cached = cached(true);
        let (one, other) = tokio::join!(any(&cached, &source), any(&cached, &source));
        assert_eq!((one, other, source.count()), (Some(1), Some(1), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_missing_is_looked_for_again_but_not_more_than_once_a_pause() {
        let (cached, source) = (cached(false), Source::default());
        assert_eq!(at_least(&cached, &source, 1).await, Some(1));
        assert_eq!(at_least(&cached, &source, 2).await, Some(1));
        assert_eq!(source.count(), 1);
        tokio::time::advance(MINUTE).await;
        assert_eq!(at_least(&cached, &source, 2).await, Some(2));
        assert_eq!(at_least(&cached, &source, 3).await, Some(2));
        assert_eq!(source.count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_value_serves_while_it_is_read_anew_behind() {
        let source = Source { takes: Duration::from_secs(1), ..Source::default() };
        let cached = cached(false);
        any(&cached, &source).await;
        tokio::time::advance(5 * MINUTE).await;
        let before = Instant::now();
        assert_eq!(any(&cached, &source).await, Some(1));
        assert_eq!(any(&cached, &source).await, Some(1));
        assert_eq!(before.elapsed(), Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!((any(&cached, &source).await, source.count()), (Some(2), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_for_what_is_missing_does_not_block_those_who_find_theirs() {
        let (cached, quick) = (cached(false), Source::default());
        any(&cached, &quick).await;
        tokio::time::advance(MINUTE).await;
        let slow = Source { takes: Duration::from_secs(3), ..quick.clone() };
        let before = Instant::now();
        let found = async {
            let value = any(&cached, &quick).await;
            (value, before.elapsed())
        };
        let (searched, found) = tokio::join!(at_least(&cached, &slow, 2), found);
        assert_eq!((searched, found), (Some(2), (Some(1), Duration::ZERO)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_value_is_kept_while_the_source_is_down() {
        let (cached, source) = (cached(true), Source::default());
        any(&cached, &source).await;
        tokio::time::advance(5 * MINUTE).await;
        assert_eq!(any(&cached, &source.down()).await, Some(1));
        assert_eq!(any(&cached, &source.down()).await, Some(1));
        assert_eq!(source.count(), 2);
        tokio::time::advance(MINUTE).await;
        assert_eq!(any(&cached, &source).await, Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_never_answered_is_asked_again_after_a_moment() {
        let (cached, source) = (cached(true), Source::default());
        assert_eq!(any(&cached, &source.down()).await, None);
        assert_eq!(any(&cached, &source).await, None);
        assert_eq!(source.count(), 1);
        tokio::time::advance(FIRST_PAUSE).await;
        assert_eq!(any(&cached, &source).await, Some(2));
    }
}
