//! What all requests share, and the run of a command for one of them.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::answer::Answer;
use super::door::Door;
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::{Output, Told};

/// What the console needs to answer.
#[derive(Debug)]
pub(super) struct Console {
    pub(super) deployment: Deployment,
    pub(super) allows_changes: bool,
    pub(super) door: Door,
}

/// The console, for all requests at once.
pub(super) type Shared = Arc<Console>;

/// A command that runs for the page.
pub(super) struct Run<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) output: Output,
    told: UnboundedReceiver<Told>,
}

impl Console {
    pub(super) const fn new(deployment: Deployment, door: Door, allows_changes: bool) -> Self {
        Self { deployment, allows_changes, door }
    }

    /// Begins a command.
    pub(super) fn run(&self) -> Run<'_> {
        let (output, told) = Output::heard();
        Run { deployment: &self.deployment, output, told }
    }
}

impl Run<'_> {
    /// The answer, once the command has ended.
    pub(super) fn ended(self, how: Result<(), Failure>) -> Answer {
        Answer::of(how, self.told, self.deployment)
    }
}
