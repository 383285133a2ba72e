//! The finding of a check.

use hubcast_aws::operator::OperatorError;
use serde::Serialize;

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Text;
use crate::verdict::Verdict;

/// The finding of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The name of the check.
    pub(super) check: &'static str,
    /// How bad the finding is.
    pub(super) verdict: Verdict,
    /// What the doctor found, in a sentence.
    pub(super) detail: String,
    /// What to do about the finding; none where there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, detail: String) -> Self {
        Self { check, verdict, detail, advice: None }
    }

    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, detail.into())
    }

    pub(super) fn warn(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warn, detail.into())
    }

    pub(super) fn skip(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Skip, detail.into())
    }

    pub(super) fn bad(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Bad, detail.into())
    }

    /// The same finding, with what to do; an empty advice is none.
    pub(super) fn advised(self, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into()).filter(|advice| !advice.is_empty());
        Self { advice, ..self }
    }

    /// The fault that an error of AWS is.
    pub(super) fn of_aws(check: &'static str, err: OperatorError, deployment: &Deployment) -> Self {
        let advice = deployment.advice(err.trouble);
        Self::bad(check, Failure::from(err).to_string()).advised(advice)
    }

    /// The finding as people read findings.
    pub(super) fn text(&self) -> Text {
        let mut lines = vec![format!("  {:<13}  {}", self.check, self.detail)];
        lines.extend(self.advice.iter().map(|advice| format!("       {:<13}  -> {advice}", "")));
        Text::from(lines).marked(self.verdict.style(), self.verdict.column())
    }
}
