//! Points in time as people and programs read them.

use hubcast_model::time::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// A point in time such as `2026-11-23T10:00:00Z`, to the second.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_seconds()).unwrap_or_default();
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

/// A point in time such as `2026-11-23T10:00:00.5Z`, to the millisecond.
pub(crate) fn precise(at: Timestamp) -> String {
    at.to_rfc3339()
}

/// Reads the `Date` header of an HTTP answer.
pub(crate) fn of_http(date: &str) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(date, &Rfc2822).ok()?;
    u64::try_from(at.unix_timestamp()).ok().map(Timestamp::from_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_http_is_read() {
        let at = of_http("Mon, 23 Nov 2026 10:00:00 GMT").unwrap();
        assert_eq!(rfc3339(at), "2026-11-23T10:00:00Z");
        assert_eq!(of_http("yesterday"), None);
    }
}
