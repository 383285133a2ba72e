//! The progress of a long run, for people who watch.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

const WITH_LENGTH: &str = "{bar:30} {percent:>3}%  {msg} sent, {eta} left";
const WITHOUT_LENGTH: &str = "{spinner} {msg} sent in {elapsed}";

/// A bar on standard error; hidden where standard error is no terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// How many messages were sent.
    sent: usize,
}

impl Progress {
    /// A bar over so many bytes of input, or a count of messages when the length is not known.
    pub(crate) fn new(output: &Output, bytes: Option<u64>) -> Self {
        // The bar draws on terminals only.
        let target =
            if output.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self::on(target, bytes)
    }

    fn on(target: ProgressDrawTarget, bytes: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, target);
        let template = if bytes.is_some() { WITH_LENGTH } else { WITHOUT_LENGTH };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, sent: 0 }
    }

    /// Counts messages that were sent, and the bytes of input that held the messages.
    pub(crate) fn advance(&mut self, messages: usize, bytes: u64) {
        self.sent += messages;
        self.bar.set_message(self.sent.to_string());
        self.bar.inc(bytes);
    }

    /// Hides the bar while `say` writes.
    pub(crate) fn above(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }

    /// Removes the bar; answers how many messages were sent.
    pub(crate) fn finish(self) -> usize {
        self.bar.finish_and_clear();
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    fn drawn(bytes: Option<u64>) -> String {
        let terminal = InMemoryTerm::new(5, 80);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let mut progress = Progress::on(target, bytes);
        progress.advance(10, 50);
        progress.bar.force_draw();
        let drawn = terminal.contents();
        assert_eq!(progress.finish(), 10);
        assert_eq!(terminal.contents(), "", "nothing is left of it");
        drawn
    }

    #[test]
    fn a_file_has_an_end_and_a_pipe_has_a_count() {
        let (file, pipe) = (drawn(Some(200)), drawn(None));
        assert!(file.contains("25%") && file.contains("10 sent"), "{file}");
        assert!(pipe.contains("10 sent in"), "{pipe}");
    }
}
