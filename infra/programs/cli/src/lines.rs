//! Many envelopes, one a line, from a file or a pipe.
//!
//! The command sends the lines that are there at once, in batches of SQS. So the
//! command works on a pipe that nobody closes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::thread;

use hubcast_model::id::HubName;
use hubcast_model::message_group::MessageGroup;
use tokio::sync::mpsc;

use crate::deployment::Deployment;
use crate::dispatch::{deliver, show, tell};
use crate::draft::Draft;
use crate::failure::Failure;
use crate::output::{Output, complain};
use crate::progress::Progress;

/// The most messages of one batch.
const BATCH_MAX: usize = 10;
/// How many lines the reader may be ahead of the sender.
const AHEAD: usize = 1000;

/// The source of lines, and what to do with the lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a> {
    /// A file, or `-` for standard input.
    pub(crate) path: &'a Path,
    /// Whether the run goes on after a line that would be rejected.
    pub(crate) keep_going: bool,
    /// Whether messages are shown and not sent.
    pub(crate) dry_run: bool,
    /// The message group of all messages, in place of each message's own.
    pub(crate) message_group: Option<&'a str>,
}

/// What became of the lines so far.
#[derive(Debug)]
struct Tally<'a> {
    output: &'a Output,
    progress: Progress,
    /// How many lines were read.
    read: usize,
    /// How many lines would be rejected.
    bad: usize,
}

/// Lines that are sent together.
#[derive(Debug, Default)]
struct Batch {
    drafts: Vec<Draft>,
    /// The length of the lines, in bytes of the input.
    bytes: u64,
    /// The failure that ends the run after this batch.
    stop: Option<Failure>,
}

impl Lines<'_> {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let queue = if self.dry_run { None } else { Some(deployment.notifications().await?) };
        let (mut lines, bytes) = read(self.path)?;
        let progress = Progress::new(output, bytes);
        let mut tally = Tally { output, progress, read: 0, bad: 0 };
        let mut received = Vec::new();
        let mut stop = None;
        while stop.is_none() && lines.recv_many(&mut received, BATCH_MAX).await > 0 {
            let batch = self.batch(received.drain(..), deployment.hub(), &mut tally);
            match &queue {
                Some(queue) => drop(deliver(queue, &batch.drafts).await?),
                None => batch.drafts.iter().try_for_each(|draft| show(draft, output))?,
            }
            tally.progress.advance(batch.drafts.len(), batch.bytes);
            stop = batch.stop;
        }
        self.end(tally, stop)
    }

    /// Checks lines, up to one that ends the run.
    fn batch(
        self,
        lines: impl Iterator<Item = io::Result<String>>,
        hub: &HubName,
        tally: &mut Tally<'_>,
    ) -> Batch {
        let mut batch = Batch::default();
        for line in lines {
            tally.read += 1;
            match self.checked(line, hub, tally.read) {
                Ok((draft, bytes)) => {
                    batch.drafts.extend(draft);
                    batch.bytes += bytes;
                }
                Err(Failure::Rejected(text)) if self.keep_going => {
                    tally.bad += 1;
                    tally.progress.above(|| complain(&text, ""));
                }
                Err(failure) => {
                    batch.stop = Some(failure);
                    break;
                }
            }
        }
        batch
    }

    /// The message of a line, and the line's length; empty lines have none.
    fn checked(
        self,
        line: io::Result<String>,
        hub: &HubName,
        at: usize,
    ) -> Result<(Option<Draft>, u64), Failure> {
        let line =
            line.map_err(|err| Failure::because(format!("line {at} cannot be read"), err))?;
        let bytes = u64::try_from(line.len() + 1).unwrap_or_default();
        if line.trim().is_empty() {
            return Ok((None, bytes));
        }
        let draft = Draft::read(&line, hub).map_err(|rejection| {
            Failure::Rejected(format!("line {at} would be rejected: {rejection}"))
        })?;
        let own = self.message_group.map(|group| MessageGroup::named(group.to_owned()));
        Ok((Some(Draft { body: draft.body, group: own.unwrap_or(draft.group) }), bytes))
    }

    fn end(self, tally: Tally<'_>, stop: Option<Failure>) -> Result<(), Failure> {
        let Tally { output, progress, bad, .. } = tally;
        let sent = progress.finish();
        if !self.dry_run {
            tell(output, sent, || format!("messages sent: {sent}"))?;
        }
        match (stop, bad) {
            (Some(failure), _) => Err(failure),
            (None, 0) => Ok(()),
            (None, bad) => Err(Failure::Rejected(format!("lines that were not sent: {bad}"))),
        }
    }
}

type LineReceiver = mpsc::Receiver<io::Result<String>>;

/// The lines, and the length of all lines in bytes where the length is known.
fn read(path: &Path) -> Result<(LineReceiver, Option<u64>), Failure> {
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

/// Reads on a thread of its own, so that the program can end while a pipe is open.
fn follow(source: impl Read + Send + 'static) -> LineReceiver {
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
