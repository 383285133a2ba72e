//! What is computed of what was measured.

/// What was measured in a minute.
#[derive(Debug, Default)]
pub(super) struct Minute {
    pub(super) sum: f64,
    pub(super) values: Vec<f64>,
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// A code of AWS.
    pub(super) code: &'static str,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// What is computed of the values of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    Sum,
    Maximum,
    /// A percentile, as a share between 0 and 1.
    Percentile(f64),
}

impl Statistic {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let percent = || text.strip_prefix('p')?.parse::<f64>().ok();
        match text {
            "Sum" => Ok(Self::Sum),
            "Maximum" => Ok(Self::Maximum),
            _ => percent().filter(|percent| (0.0..=100.0).contains(percent)).map_or_else(
                || {
                    Err(Refusal::new(
                        "ValidationError",
                        format!("the statistic {text} is not served here"),
                    ))
                },
                |percent| Ok(Self::Percentile(percent / 100.0)),
            ),
        }
    }

    pub(super) fn of(self, minutes: &[&Minute]) -> f64 {
        let mut values: Vec<f64> =
            minutes.iter().flat_map(|minute| &minute.values).copied().collect();
        values.sort_by(f64::total_cmp);
        let largest = values.last().copied().unwrap_or_default();
        match self {
            Self::Sum => minutes.iter().map(|minute| minute.sum).sum(),
            Self::Maximum => largest,
            Self::Percentile(share) => {
                values.get(rank(share, values.len())).copied().unwrap_or(largest)
            }
        }
    }
}

/// The place of a percentile among so many sorted values.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small count"
)]
fn rank(share: f64, count: usize) -> usize {
    ((share * count as f64).ceil() as usize).saturating_sub(1)
}
