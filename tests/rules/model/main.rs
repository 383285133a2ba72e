//! A model of who must hear what, held against random histories.
//!
//! A history is drawn from a seed: sockets come and go, groups change, backends
//! and services of AWS send, posts fail in all ways, the table and the queues too, invocations are
//! killed, counts of shards change. Then everything heals, the queues run dry,
//! and what reached the sockets is held against the promises of the publisher.
//!
//! `HUBCAST_HISTORIES` says how many histories are played, `HUBCAST_SEED` which
//! is the first; alone it plays that one. A history that breaks a promise is
//! cut down before it is shown.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod check;
mod consume;
mod draw;
mod expect;
mod gateway;
mod history;
mod ledger;
mod message;
mod perform;
mod plan;
mod send;
mod world;

use std::time::Duration;

use plan::{Plan, Step};

/// How many histories are played when nothing else is said.
const HISTORIES: u64 = 2000;

#[test]
fn whatever_happens_every_promise_is_kept() {
    let first = number("HUBCAST_SEED");
    let otherwise = if first.is_some() { 1 } else { HISTORIES };
    let first = first.unwrap_or(0);
    for seed in first..first + number("HUBCAST_HISTORIES").unwrap_or(otherwise) {
        assert_kept(seed);
    }
}

/// The publisher gives messages up, with a reason, and never the queue; what is left keeps its order.
#[test]
fn a_table_outage_of_an_hour_loses_neither_order_nor_reason() {
    const HOUR: Duration = Duration::from_hours(1);
    for seed in 0..number("HUBCAST_HISTORIES").unwrap_or(HISTORIES) / 20 {
        let mut plan = Plan::draw(seed);
        plan.steps.insert(plan.steps.len() / 2, Step::Outage(HOUR));
        plan.steps.push(Step::Wait(HOUR));
        let broken = history::play(&plan);
        assert!(broken.is_empty(), "HUBCAST_SEED={seed}, with an outage: {broken:#?}\n{plan}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how long to test is not configuration of hubcast")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn assert_kept(seed: u64) {
    let plan = Plan::draw(seed);
    let broken = history::play(&plan);
    if !broken.is_empty() {
        let plan = cut_down(plan);
        let broken = history::play(&plan);
        panic!("HUBCAST_SEED={seed} breaks promises: {broken:#?}\n{plan}");
    }
}

/// The plan without every step that it breaks promises without.
fn cut_down(mut plan: Plan) -> Plan {
    let mut at = 0;
    while at < plan.steps.len() {
        let mut shorter = plan.clone();
        shorter.steps.remove(at);
        if history::play(&shorter).is_empty() {
            at += 1;
        } else {
            plan = shorter;
        }
    }
    plan
}
