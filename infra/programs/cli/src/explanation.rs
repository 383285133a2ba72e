//! Why a command failed and what to do, in words: the same for a terminal and for the console.

use hubcast_aws::operator::Trouble;

use crate::deployment::Deployment;
use crate::failure::Failure;

/// A failure as people read it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Explanation {
    /// What failed, in a sentence.
    pub(crate) text: String,
    /// What to do; may be empty.
    pub(crate) advice: &'static str,
}

impl Explanation {
    /// Explains a failure, of a command on a deployment if it came so far.
    pub(crate) fn of(failure: &Failure, deployment: Option<&Deployment>) -> Self {
        let silence = deployment.and_then(Deployment::silence);
        match (failure.trouble(), silence) {
            // All parts of a local stack are silent together, so the part says nothing.
            (Some(Trouble::Unreachable), Some(text)) => Self { text, advice: "" },
            (trouble, _) => {
                let advice = deployment.zip(trouble);
                let advice = advice.map_or("", |(deployment, trouble)| deployment.advice(trouble));
                Self { text: failure.to_string(), advice }
            }
        }
    }
}
