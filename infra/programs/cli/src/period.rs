//! Lengths of time as people type them.

use std::time::Duration;

/// Reads a length of time such as `30m`.
///
/// # Errors
/// In words, what would be right.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "say a number with a unit, such as 90s, 30m, 3h or 2d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u32 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    let seconds = u64::from(count).checked_mul(seconds).filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("2d").unwrap(), Duration::from_hours(48));
        for wrong in ["", "5", "h", "-1h", "1w", "0m", "1hh", "1.5h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
