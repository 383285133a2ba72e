//! Working jobs: page by page, each checkpointed, in the order of their shard.
//!
//! Sockets that fail are taken along and tried again when the job comes back;
//! only failures that many share stop it. What is left is reported, and comes
//! back soon, never as a new message. Later jobs of a lane go past the sockets
//! that an earlier one left, so that one stuck socket delays nobody else.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::end::Before;
use super::job::Job;
use super::letter::{detail_of, given_up};
use super::plan::{Found, ItemRef, Parcel, Plan};
use super::underway::Underway;
use super::{Publisher, Report, Sample, Tally};
use hubcast_model::channel::ChannelKey;
use hubcast_model::envelope::{self, Content, RejectReason, Rejection};
use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    DeadLetter, GrantStore, InboxStore, MembershipStore, NotificationQueue, Page, PageQuery,
    PendingStore, Progress, ProgressStore, Rest, SessionStore, ShardStore, SocketStore, StoreError,
    UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// So many rows are looked at in one step.
const PAGE_ROWS: usize = 1000;
/// How many shards are worked at once, and how many channels of one are read at once.
const LANES: usize = 2;
const READS_AT_ONCE: usize = 16;

/// How a job stands at the end of an invocation.
enum Standing {
    Finished,
    Held(HeldBack),
    Rejected(Rejection),
}

/// What a job that is held keeps from the later ones of its lane.
enum HeldBack {
    /// These sockets, which get its record first.
    Sockets(Vec<SocketId>),
    All,
}

/// What holds for the next job of a lane.
struct Turn<'a> {
    deadline: Instant,
    /// The sockets that earlier jobs hold back.
    passed: &'a BTreeSet<SocketId>,
}

impl<S, G, Q, C, U> Publisher<S, G, Q, C, U>
where
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
    U: UpstreamQueue,
{
    /// Works jobs: those of one message group in order, several groups at once.
    pub(super) async fn work_jobs(
        &self,
        jobs: Vec<(QueuedMessage, serde_json::Result<Job>)>,
        deadline: Instant,
    ) -> Report {
        let mut lanes: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (message, job) in jobs {
            lanes.entry(message.group.clone()).or_default().push((message, job));
        }
        let mut works = Vec::with_capacity(lanes.len());
        for lane in lanes.into_values() {
            works.push(self.work_lane(lane, deadline));
        }
        let reports: Vec<Report> = stream::iter(works).buffer_unordered(LANES).collect().await;
        reports.into_iter().fold(Report::default(), Report::and)
    }

    async fn work_lane(
        &self,
        lane: Vec<(QueuedMessage, serde_json::Result<Job>)>,
        deadline: Instant,
    ) -> Report {
        let mut report = Report::default();
        let (mut passed, mut holds_all) = (BTreeSet::new(), false);
        for (message, job) in lane {
            report.tally.notifications += 1;
            let held = if holds_all {
                Some(HeldBack::All)
            } else {
                let turn = Turn { deadline, passed: &passed };
                self.take_turn((&message, job), &turn, &mut report).await
            };
            match held {
                None => continue,
                Some(HeldBack::Sockets(sockets)) => passed.extend(sockets),
                Some(HeldBack::All) => holds_all = true,
            }
            self.retry_soon(&message).await;
            report.tally.failed += 1;
            report.failed.push(message.id);
        }
        report
    }

    /// Works a job; answers what it holds back when it is held.
    async fn take_turn(
        &self,
        (message, job): (&QueuedMessage, serde_json::Result<Job>),
        turn: &Turn<'_>,
        report: &mut Report,
    ) -> Option<HeldBack> {
        let standing = match job {
            Ok(job) => self.work((message, &job), turn, report).await,
            Err(err) => {
                let rejection = Rejection::new(RejectReason::NotJson, err.to_string());
                Ok(Standing::Rejected(rejection))
            }
        };
        match standing {
            Ok(Standing::Finished) => None,
            Ok(Standing::Held(held)) => Some(held),
            Ok(Standing::Rejected(rejection)) => {
                let is_moved = self.send_letter(&letter(message, &rejection)).await;
                report.tally.rejected += usize::from(is_moved);
                (!is_moved).then_some(HeldBack::All)
            }
            Err(err) => {
                tracing::error!(error = %chain(&err), "a job is held");
                Some(HeldBack::All)
            }
        }
    }

    async fn work(
        &self,
        (message, job): (&QueuedMessage, &Job),
        turn: &Turn<'_>,
        report: &mut Report,
    ) -> Result<Standing, StoreError> {
        let tally = &mut report.tally;
        let key = &job.job.key;
        let mut known = self.store.progress(std::slice::from_ref(key)).await?.remove(key);
        if let Some(progress) = known.as_mut().filter(|_| message.is_redriven()) {
            progress.fruitless = 0;
        }
        if known.as_ref().is_some_and(Progress::is_finished) {
            return Ok(Standing::Finished);
        }
        let notification = match envelope::read(&job.element, &self.settings.rules) {
            Ok(notification) => notification,
            Err(rejection) => return Ok(Standing::Rejected(rejection)),
        };
        if notification.expires_at.is_some_and(|end| end <= self.clock.now()) {
            tally.expired += 1;
            return Ok(Standing::Finished);
        }
        tally.resumed += usize::from(known.is_some());
        let lately = known.as_ref().filter(|_| !message.is_redriven());
        let reached_before = lately.map_or(0, Progress::reached_lately);
        let mut work = Underway::new((job, notification), known, turn.passed);
        work.reached_before = reached_before;
        self.run(&mut work, turn.deadline, tally).await?;
        Ok(self.judge(message, work, report))
    }

    /// Posts what was left, then page after page, for as long as there is time.
    async fn run(
        &self,
        work: &mut Underway<'_>,
        deadline: Instant,
        tally: &mut Tally,
    ) -> Result<(), StoreError> {
        let left = std::mem::take(&mut work.progress.left);
        if !left.is_empty() {
            let found = left.into_iter().map(|socket| Found { socket, key: None }).collect();
            self.round(work, (found, true), deadline, tally).await;
            self.checkpoint(work).await?;
        }
        while work.has_more && !work.is_stopped() && Instant::now() < deadline {
            let (found, bound) = self.page(work).await?;
            self.round(work, (found, false), deadline, tally).await;
            work.turn_to(bound);
            self.checkpoint(work).await?;
        }
        Ok(())
    }

    /// Posts to some sockets.
    async fn round(
        &self,
        work: &mut Underway<'_>,
        (found, is_resumed): (Vec<Found>, bool),
        deadline: Instant,
        tally: &mut Tally,
    ) {
        let mut plan = Plan::default();
        let item = ItemRef { message: 0, item: 0 };
        let ends = matches!(work.notification.content, Content::Action(_));
        let found = work.pass(found);
        let record = work.record.clone();
        plan.add(Parcel { item, record, ends, is_replay: false }, found);
        let mut outcomes = self.post(&plan, deadline).await;
        let before = Before { is_resumed: |_| is_resumed, reached: work.reached_before };
        self.end_stalled(&plan, &mut outcomes, before).await;
        self.end_sockets(&plan, &outcomes).await;
        tally.count_sockets(&outcomes);
        work.take(&outcomes);
    }

    /// The next members, in order of socket, each once; and where the page after them starts.
    async fn page(
        &self,
        work: &Underway<'_>,
    ) -> Result<(Vec<Found>, Option<SocketId>), StoreError> {
        let after = match &work.progress.rest {
            Rest::PagesAfter(socket) => Some(socket),
            Rest::Nothing | Rest::Jobs(_) => None,
        };
        let limit = Some((PAGE_ROWS / work.channels.len().max(1)).max(10));
        let now = self.clock.now();
        let mut reads = Vec::with_capacity(work.channels.len());
        for key in &work.channels {
            let consistency = Consistency::Eventual;
            let query = PageQuery { key, consistency, now, after, limit };
            reads.push(async move { Ok((key, self.store.members(query).await?)) });
        }
        let pages: Vec<(&ChannelKey, Page)> =
            stream::iter(reads).buffer_unordered(READS_AT_ONCE).try_collect().await?;
        // Beyond the shortest page it is not known what the others hold.
        let bound = pages.iter().filter_map(|(_, page)| page.next.clone()).min();
        let mut found = BTreeMap::new();
        for (key, page) in pages {
            let known = page.members.into_iter().filter(|member| {
                bound.as_ref().is_none_or(|bound| member.socket <= *bound)
                    && !work.notification.excluded.contains(&member.connection)
            });
            found.extend(known.map(|member| (member.socket, key.clone())));
        }
        let found = found.into_iter().map(|(socket, key)| Found { socket, key: Some(key) });
        Ok((found.collect(), bound))
    }

    async fn checkpoint(&self, work: &Underway<'_>) -> Result<(), StoreError> {
        let expires = self.clock.now().plus(super::letter::PROGRESS_LIFETIME);
        let rows = BTreeMap::from([(work.key.clone(), work.progress.clone())]);
        self.store.put_progress(&rows, expires).await
    }

    fn judge(&self, message: &QueuedMessage, work: Underway<'_>, report: &mut Report) -> Standing {
        let progress = &work.progress;
        let age = self.clock.now().since(message.sent_at);
        if progress.is_finished() && !work.has_more {
            let is_done =
                progress.reached > 0 || matches!(work.notification.content, Content::Action(_));
            report.tally.done += usize::from(is_done);
            report.tally.undeliverable += usize::from(!is_done);
            report.samples.push(Sample { took: age, reached: progress.reached });
            return Standing::Finished;
        }
        match given_up(progress, age, self.settings.age_max) {
            Some(reason) => Standing::Rejected(Rejection::new(reason, detail_of(reason, progress))),
            // Where pages remain, or many sockets, it is not known who must wait for it.
            None if work.has_more || work.is_stopped() => Standing::Held(HeldBack::All),
            None => Standing::Held(HeldBack::Sockets(work.progress.left)),
        }
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
    }
}
