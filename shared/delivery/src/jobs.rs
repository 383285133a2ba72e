//! Working jobs: page by page, each checkpointed, in the order of their shard.
//!
//! Sockets that fail are taken along and tried again when the job comes back;
//! only failures that many share stop the job. What is left is reported, and
//! comes back soon, never as a new message. Later jobs of a lane go past the
//! sockets that an earlier one left, so that one stuck socket delays nobody
//! else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;
use tracing::Instrument;

use crate::account::Deliveries;
use crate::carrier::Carrier;
use crate::dead_letters::DeadLetters;
use crate::job::Job;
use crate::job_run::{JobRun, JobStart};
use crate::journey::{Unit, span, why_unfinished};
use crate::pages::next_page;
use crate::report::{Report, Sample};
use crate::retry::retry_soon;
use crate::round::Round;
use crate::verdict::{detail_of, given_up};
use hubcast_model::envelope::{self, EnvelopeRules, Notification, Rejection};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{
    ChannelStore, ClaimStore, ClientStore, ConnectionGateway, DeadLetter, NotificationQueue,
    PendingStore, Progress, ProgressStore, QueuedMessage, SessionStore, SocketStore, StoreError,
    UpstreamQueue,
};
use hubcast_model::report::chain;
use hubcast_model::retention::QueuePosition;
use hubcast_model::time::Clock;
use hubcast_model::trace;

/// How many lanes are worked at once.
const LANES: usize = 2;

/// A message from the deliveries queue, and the job in it.
#[derive(Debug)]
pub(crate) struct Assignment {
    /// The message.
    pub(crate) message: QueuedMessage,
    /// The job, or why it cannot be read.
    pub(crate) job: serde_json::Result<Job>,
}

/// How a job stands at the end of an invocation.
enum Standing {
    Finished,
    Held(Obstacle),
    Rejected(Rejection),
}

/// What a held job is to the later jobs of its lane.
enum Obstacle {
    /// They go past these sockets, which get the held job's record first.
    Sockets(Vec<SocketId>),
    /// They have to wait.
    Whole,
}

/// What holds for the next job of a lane.
struct Turn<'a> {
    /// No post begins after it.
    deadline: Instant,
    /// The sockets that earlier jobs hold back.
    passed: &'a BTreeSet<SocketId>,
}

/// Works jobs.
#[derive(Debug)]
pub(crate) struct Jobs<'a, S, G, Q, U, C> {
    /// Posts, and ends sockets.
    pub(crate) carrier: Carrier<'a, S, G, U, C>,
    /// The way to the dead-letter queue.
    pub(crate) letters: DeadLetters<'a, S, Q, C>,
    /// The table.
    pub(crate) store: &'a S,
    /// The time.
    pub(crate) clock: &'a C,
    /// How the elements in jobs are read.
    pub(crate) rules: &'a EnvelopeRules,
    /// A job that is not finished at this age is given up.
    pub(crate) age_max: Duration,
}

impl<S, G, Q, U, C> Jobs<'_, S, G, Q, U, C>
where
    S: ChannelStore
        + ClaimStore
        + ClientStore
        + PendingStore
        + ProgressStore
        + SessionStore
        + SocketStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    U: UpstreamQueue,
    C: Clock,
{
    /// Works jobs: those of one message group in order, several groups at once.
    pub(crate) async fn work(&self, assignments: Vec<Assignment>, deadline: Instant) -> Report {
        let mut lanes: BTreeMap<String, Vec<Assignment>> = BTreeMap::new();
        for assignment in assignments {
            lanes.entry(assignment.message.group.clone()).or_default().push(assignment);
        }
        let mut works = Vec::with_capacity(lanes.len());
        for lane in lanes.into_values() {
            works.push(self.work_lane(lane, deadline));
        }
        let reports: Vec<Report> = stream::iter(works).buffer_unordered(LANES).collect().await;
        reports.into_iter().fold(Report::default(), Report::and)
    }

    async fn work_lane(&self, lane: Vec<Assignment>, deadline: Instant) -> Report {
        let mut report = Report::default();
        let (mut passed, mut is_blocked) = (BTreeSet::new(), false);
        for Assignment { message, job } in lane {
            report.tally.notifications += 1;
            let obstacle = if is_blocked {
                let key = job.as_ref().map_or(&message.id, |job| &job.job.key);
                let unit = self.unit(&message, key, None);
                unit.held("behind", &Deliveries::none(), &Progress::default());
                Some(Obstacle::Whole)
            } else {
                let turn = Turn { deadline, passed: &passed };
                self.take_turn(&message, job, &turn, &mut report).await
            };
            match obstacle {
                None => continue,
                Some(Obstacle::Sockets(sockets)) => passed.extend(sockets),
                Some(Obstacle::Whole) => is_blocked = true,
            }
            retry_soon(self.letters.queue, &message, self.clock.now()).await;
            report.tally.failed += 1;
            report.failed.push(message.id);
        }
        report
    }

    /// Works a job; answers what it is to later ones when it is held.
    async fn take_turn(
        &self,
        message: &QueuedMessage,
        job: serde_json::Result<Job>,
        turn: &Turn<'_>,
        report: &mut Report,
    ) -> Option<Obstacle> {
        let key = job.as_ref().map_or(&message.id, |job| &job.job.key).clone();
        let unit = self.unit(message, &key, None);
        let standing = match job {
            Ok(job) => {
                let work = self.work_job(message, &job, turn, report);
                let trace = message.trace.clone();
                trace::within(trace, work).instrument(span(&key, message)).await
            }
            Err(err) => {
                let rejection = Rejection::not_json(&err);
                Ok(Standing::Rejected(rejection))
            }
        };
        match standing {
            Ok(Standing::Finished) => None,
            Ok(Standing::Held(obstacle)) => Some(obstacle),
            Ok(Standing::Rejected(rejection)) => {
                let is_moved = self.letters.send(&letter(message, &rejection)).await;
                report.tally.rejected += usize::from(is_moved);
                if is_moved {
                    unit.rejected(rejection.reason.as_str(), &rejection.detail, 0);
                }
                (!is_moved).then_some(Obstacle::Whole)
            }
            Err(err) => {
                tracing::error!(error = %chain(&err), "a job could not be worked");
                unit.held("unavailable", &Deliveries::none(), &Progress::default());
                Some(Obstacle::Whole)
            }
        }
    }

    async fn work_job(
        &self,
        message: &QueuedMessage,
        job: &Job,
        turn: &Turn<'_>,
        report: &mut Report,
    ) -> Result<Standing, StoreError> {
        let known = self.known(message, &job.job.key).await?;
        if known.as_ref().is_some_and(Progress::is_finished) {
            return Ok(Standing::Finished);
        }
        let notification = match envelope::read(&job.element, self.rules) {
            Ok(notification) => notification,
            Err(rejection) => return Ok(Standing::Rejected(rejection)),
        };
        if notification.expires_at.is_some_and(|end| end <= self.clock.now()) {
            report.tally.expired += 1;
            self.unit(message, &job.job.key, Some(&notification)).expired();
            return Ok(Standing::Finished);
        }
        report.tally.resumed += usize::from(known.is_some());
        let lately = known.as_ref().filter(|_| !message.is_redriven());
        let reached_before = lately.map_or(0, Progress::reached_lately);
        let position = QueuePosition::new(&message.group, &message.sequence, 0);
        let start = JobStart { notification, known, reached_before, position };
        let mut run = JobRun::new(job, start, turn.passed);
        let outcome = self.run(&mut run, turn.deadline).await;
        report.tally += run.ledger.tally();
        outcome?;
        Ok(self.judge(message, &run, report))
    }

    /// How far earlier invocations came with a job. A redriven job is tried as if for the first
    /// time.
    async fn known(
        &self,
        message: &QueuedMessage,
        key: &String,
    ) -> Result<Option<Progress>, StoreError> {
        let mut known = self.letters.progress.read(std::slice::from_ref(key)).await?.remove(key);
        if let Some(progress) = known.as_mut().filter(|_| message.is_redriven()) {
            progress.fruitless = 0;
        }
        Ok(known)
    }

    /// Posts what was left, then page after page, for as long as there is time.
    async fn run(&self, run: &mut JobRun<'_>, deadline: Instant) -> Result<(), StoreError> {
        if let Some(round) = run.resume() {
            self.carry(round, run, deadline).await;
            self.checkpoint(run).await?;
        }
        while run.has_more() && !run.is_stopped() && Instant::now() < deadline {
            let page = next_page(self.store, run, self.clock.now()).await?;
            let round = run.page(page.targets);
            self.carry(round, run, deadline).await;
            run.turn_to(page.next);
            self.checkpoint(run).await?;
        }
        Ok(())
    }

    async fn carry(&self, round: Round, run: &mut JobRun<'_>, deadline: Instant) {
        let ends = self.carrier.carry(round, &mut run.ledger, deadline).await;
        self.carrier.closer.end_all(&ends).await;
    }

    async fn checkpoint(&self, run: &JobRun<'_>) -> Result<(), StoreError> {
        self.letters.progress.write_one(&run.key, run.progress()).await
    }

    fn judge(&self, message: &QueuedMessage, run: &JobRun<'_>, report: &mut Report) -> Standing {
        let progress = run.progress();
        let age = self.clock.now().since(message.sent_at);
        let unit = self.unit(message, &run.key, Some(&run.notification));
        let deliveries = run.deliveries();
        if progress.is_finished() && !run.has_more() {
            let is_done = progress.reached > 0 || run.is_action();
            report.tally.done += usize::from(is_done);
            report.tally.undeliverable += usize::from(!is_done);
            report.samples.push(Sample { took: age, reached: progress.reached });
            unit.posted(deliveries, progress.reached);
            return Standing::Finished;
        }
        if let Some(reason) = given_up(&progress, age, self.age_max) {
            return Standing::Rejected(Rejection::new(reason, detail_of(reason, &progress)));
        }
        unit.held(why_unfinished(deliveries), deliveries, &progress);
        // Where pages remain, or many sockets, it is not known who must wait for it.
        let is_whole = run.has_more() || run.is_stopped();
        let sockets = Obstacle::Sockets(progress.left);
        Standing::Held(if is_whole { Obstacle::Whole } else { sockets })
    }

    fn unit<'u>(
        &self,
        message: &'u QueuedMessage,
        key: &'u str,
        notification: Option<&'u Notification>,
    ) -> Unit<'u> {
        Unit { message, key, is_job: true, notification, now: self.clock.now() }
    }
}

fn letter(message: &QueuedMessage, rejection: &Rejection) -> DeadLetter {
    DeadLetter {
        body: message.body.clone(),
        reason: rejection.reason.as_str(),
        detail: rejection.detail.clone(),
        // A job knows its own key. This one tells the letters of several redrives apart, since a
        // queue takes two with the same for one.
        progress_key: message.id.clone(),
        group: message.group.clone(),
        trace: message.trace.clone(),
    }
}
