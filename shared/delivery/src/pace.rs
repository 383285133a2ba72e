//! How fast an instance posts.
//!
//! API Gateway's quota is the account's: all instances of the publisher, and
//! all pings of all clients, share the quota. An instance takes an even share.
//! An instance halves its rate when more than one socket is throttled, and
//! raises the rate again slowly. A single throttled socket changes nothing:
//! its own buffer is full.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use hubcast_model::id::SocketId;

/// Throttling brings the rate no further down than this, in posts a second.
const RATE_MIN: f64 = 10.0;
/// The shortest time between two halvings of the rate, and between two raises.
const STEP: Duration = Duration::from_secs(1);
/// The factor of one raise.
const GROWTH: f64 = 1.1;
/// Posts that were not made in the last moment, of this length, may be made up for.
const BURST: Duration = Duration::from_millis(100);

/// The rate of one instance, and what it learnt about the gateway.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The highest rate, in posts a second.
    rate_max: f64,
    /// The rate, in posts a second.
    rate: f64,
    /// When the next post may begin.
    next: Option<Instant>,
    /// When the rate changed last.
    changed: Option<Instant>,
    /// The socket that was throttled last, and when.
    throttled: Option<(SocketId, Instant)>,
    /// When a post succeeded last.
    succeeded: Option<Instant>,
}

impl Pace {
    /// At most so many posts a second.
    pub(crate) fn new(rate_max: u32) -> Self {
        let rate = f64::from(rate_max.max(1));
        Self(Mutex::new(State {
            rate_max: rate,
            rate,
            next: None,
            changed: None,
            throttled: None,
            succeeded: None,
        }))
    }

    /// Waits for a turn; false when the turn would come after `until`.
    pub(crate) async fn turn(&self, until: Instant) -> bool {
        let Some(turn) = self.lock().take_turn(Instant::now(), until) else {
            return false;
        };
        // A turn that is due already needs no timer.
        if turn > Instant::now() {
            sleep_until(turn).await;
        }
        true
    }

    /// Notes that a post to `socket` was throttled.
    pub(crate) fn throttled(&self, socket: &SocketId) {
        self.lock().note_throttled(socket, Instant::now());
    }

    /// Notes that a post succeeded.
    pub(crate) fn succeeded(&self) {
        self.lock().succeeded = Some(Instant::now());
    }

    /// Whether a post succeeded lately.
    pub(crate) fn has_succeeded_within(&self, time: Duration) -> bool {
        self.lock().succeeded.is_some_and(|at| at.elapsed() <= time)
    }

    /// Whether any post of this instance ever succeeded.
    pub(crate) fn has_ever_succeeded(&self) -> bool {
        self.lock().succeeded.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_turn(&mut self, now: Instant, until: Instant) -> Option<Instant> {
        if now >= until {
            return None;
        }
        if self.changed.is_some_and(|changed| now.duration_since(changed) >= STEP) {
            self.rate = (self.rate * GROWTH).min(self.rate_max);
            self.changed = (self.rate < self.rate_max).then_some(now);
        }
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let turn = self.next.map_or(earliest, |next| next.max(earliest));
        if turn >= until {
            return None;
        }
        self.next = Some(turn + Duration::from_secs_f64(1.0 / self.rate));
        Some(turn)
    }

    fn note_throttled(&mut self, socket: &SocketId, now: Instant) {
        let is_recent = |at: &Instant| now.duration_since(*at) < STEP;
        let is_shared =
            self.throttled.as_ref().is_some_and(|(other, at)| other != socket && is_recent(at));
        self.throttled = Some((socket.clone(), now));
        if is_shared && !self.changed.as_ref().is_some_and(is_recent) {
            self.rate = (self.rate / 2.0).max(RATE_MIN);
            self.changed = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(id: &str) -> SocketId {
        SocketId::parse(id).unwrap()
    }

    async fn posts_in_a_second(pace: &Pace) -> u32 {
        let until = Instant::now() + Duration::from_secs(1);
        let mut posts = 0;
        while pace.turn(until).await {
            posts += 1;
        }
        posts
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_has_no_more_posts_than_the_rate_and_a_short_burst() {
        let pace = Pace::new(100);
        let posts = posts_in_a_second(&pace).await;
        assert!((100..=111).contains(&posts), "{posts}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_of_several_sockets_halves_the_rate_which_grows_back() {
        let pace = Pace::new(1000);
        assert!(pace.turn(Instant::now() + STEP).await);
        pace.throttled(&socket("a="));
        pace.throttled(&socket("b="));
        let slow = posts_in_a_second(&pace).await;
        assert!((450..=610).contains(&slow), "{slow}");
        for _ in 0..10 {
            tokio::time::advance(STEP).await;
            posts_in_a_second(&pace).await;
        }
        let fast = posts_in_a_second(&pace).await;
        assert!(fast > 900, "{fast}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_socket_that_is_full_slows_nobody_down() {
        let pace = Pace::new(1000);
        for _ in 0..20 {
            pace.throttled(&socket("a="));
        }
        let posts = posts_in_a_second(&pace).await;
        assert!(posts >= 1000, "{posts}");
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_no_turn_after_the_end() {
        let pace = Pace::new(1);
        let until = Instant::now() + Duration::from_millis(10);
        assert!(pace.turn(until).await);
        assert!(!pace.turn(until).await);
    }
}
