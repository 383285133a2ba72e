//! Many envelopes, one a line, from a file or a pipe.
//!
//! What is there is sent at once, in batches as SQS takes them, so that a pipe
//! which is never closed works too.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::thread;

use tokio::sync::mpsc;

use crate::deployment::Deployment;
use crate::draft::{Draft, draft};
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::send::{deliver, show, tell};

/// The most messages of one batch.
const BATCH_MAX: usize = 10;
/// How many lines are read ahead.
const AHEAD: usize = 1000;

/// Where lines come from, and what becomes of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a> {
    /// A file, or `-` for standard input.
    pub(crate) path: &'a Path,
    pub(crate) keep_going: bool,
    pub(crate) dry_run: bool,
    pub(crate) message_group: Option<&'a str>,
}

impl Lines<'_> {
    pub(crate) async fn run(self, deployment: &Deployment, output: Output) -> Result<(), Failure> {
        let queue = match self.dry_run {
            true => None,
            false => Some(deployment.notifications().await?),
        };
        let (mut lines, bytes) = read(self.path)?;
        let mut progress = Progress::new(output, bytes);
        let (mut at, mut bad) = (0, 0);
        let mut batch = Vec::new();
        while lines.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let (mut drafts, mut stop) = (Vec::new(), None);
            let mut size = 0;
            for line in batch.drain(..) {
                let line = line.map_err(|err| Failure::because("the input cannot be read", err))?;
                at += 1;
                size += u64::try_from(line.len() + 1).unwrap_or_default();
                match self.checked(&line, deployment) {
                    Ok(draft) => drafts.extend(draft),
                    Err(err) => {
                        bad += 1;
                        let text = format!("line {at} would be rejected: {err}");
                        if !self.keep_going {
                            stop = Some(text);
                            break;
                        }
                        progress.above(|| output.complain(&Failure::Rejected(text)));
                    }
                }
            }
            match &queue {
                Some(queue) => deliver(queue, &drafts).await?,
                None => drafts.iter().try_for_each(|draft| show(draft, output))?,
            }
            progress.advance(drafts.len(), size);
            if let Some(text) = stop {
                let sent = progress.finish();
                return Err(Failure::Rejected(format!(
                    "{text}; {sent} messages before it were sent"
                )));
            }
        }
        self.end(output, progress.finish(), bad)
    }

    fn end(self, output: Output, sent: usize, bad: usize) -> Result<(), Failure> {
        if !self.dry_run {
            tell(output, sent, || format!("sent {sent} messages"))?;
        }
        match bad {
            0 => Ok(()),
            bad => Err(Failure::Rejected(format!("{bad} lines were not sent"))),
        }
    }

    /// The message of a line; empty lines have none.
    fn checked(
        self,
        line: &str,
        deployment: &Deployment,
    ) -> Result<Option<Draft>, hubcast_core::envelope::Rejection> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        let draft = draft(line, deployment.hub())?;
        let group = self.message_group.map_or(draft.group, str::to_owned);
        Ok(Some(Draft { body: draft.body, group }))
    }
}

type Received = mpsc::Receiver<io::Result<String>>;

/// The lines, and how many bytes there are of them where that is known.
fn read(path: &Path) -> Result<(Received, Option<u64>), Failure> {
    let opened = || {
        if path.as_os_str() == "-" {
            return Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?));
        }
        File::open(path)
    };
    let file = opened()
        .map_err(|err| Failure::because(format!("{} cannot be read", path.display()), err))?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());
    Ok((follow(file), length))
}

/// Reads on a thread of its own: the program may end while a pipe is still open.
fn follow(source: impl Read + Send + 'static) -> Received {
    let (sender, lines) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        for line in BufReader::new(source).lines() {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}
