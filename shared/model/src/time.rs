//! Points in time and the clock port.
//!
//! All rules count in milliseconds since the Unix epoch; DynamoDB TTL
//! attributes and JWT claims are seconds and are converted at the edge.

use std::fmt;
use std::time::Duration;

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;

/// A point in time, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The text is not an RFC 3339 date and time with an offset, or lies before 1970 or after 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date and time with an offset")]
pub struct TimestampError;

impl Timestamp {
    /// Later than any real point in time (the year 9999); fits every format it is stored in.
    pub const FOREVER: Self = Self(253_402_300_799_000);

    /// The point `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The point `seconds` seconds after the Unix epoch.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// Reads an RFC 3339 date and time, such as `2026-11-23T10:00:00Z`.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError)?;
        let millis = parsed.unix_timestamp_nanos() / 1_000_000;
        let at = u64::try_from(millis).map(Self).map_err(|_| TimestampError)?;
        // With its offset a date of the year 9999 may lie beyond it, and could not be written again.
        if at.as_seconds() <= Self::FOREVER.as_seconds() { Ok(at) } else { Err(TimestampError) }
    }

    /// The point `seconds` after the Unix epoch, to the millisecond; `None` before it or after
    /// the year 9999.
    pub fn from_fractional_seconds(seconds: f64) -> Option<Self> {
        let since = Duration::try_from_secs_f64(seconds).ok()?;
        let rounded = since.checked_add(Duration::from_micros(500))?;
        Some(Self(millis_of(rounded))).filter(|at| *at <= Self::FOREVER)
    }

    /// The point as RFC 3339 writes it, such as `2026-11-23T10:00:00.5Z`.
    pub fn to_rfc3339(self) -> String {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok();
        time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
    }

    /// This point moved `by` later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(by)))
    }

    /// This point moved `by` earlier; the epoch at the least.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis_of(by)))
    }

    /// The time from `earlier` to this point; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

fn millis_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({}ms)", self.0)
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port's real adapter")]
        let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp(elapsed.map_or(0, millis_of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_honoured() {
        let utc = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
        let berlin = Timestamp::parse("2026-11-23T11:00:00+01:00").unwrap();
        assert_eq!(utc, berlin);
    }

    #[test]
    fn every_time_that_is_read_can_be_written() {
        let last = "9999-12-31T23:59:59.999Z";
        assert_eq!(Timestamp::parse(last).map(Timestamp::to_rfc3339).as_deref(), Ok(last));
        for beyond in
            ["9999-12-31T23:59:59-00:01", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01"]
        {
            assert_eq!(Timestamp::parse(beyond), Err(TimestampError), "{beyond}");
        }
    }

    #[test]
    fn a_time_without_offset_is_refused() {
        assert_eq!(Timestamp::parse("2026-11-23T10:00:00"), Err(TimestampError));
    }
}
