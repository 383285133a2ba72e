//! Who must not get in, and does not: hostile requests against the real handlers.
//!
//! Every case names the exact status, and none may change the table. Each is a
//! good request with one thing wrong, and the good ones are tried too, so that
//! no case is refused for another reason than its own.

#![expect(clippy::expect_used, reason = "a test ends at the first surprise")]

mod cases;
mod forge;
mod given;
mod good;
mod property;
mod refresh;
mod rig;

use std::collections::BTreeSet;

use cases::Case;
use hubcast_model::session::Reuse;
use rig::Rig;

/// As many as were asked for.
const CASES_AT_LEAST: usize = 120;

#[tokio::test]
async fn every_hostile_request_gets_its_status_and_leaves_no_row() {
    let mut faults = Vec::new();
    for case in cases::all() {
        let rig = Rig::new(Reuse::Session);
        let status = rig.status(&case.request).await;
        let writes = rig.writes();
        if status != case.status || !writes.is_empty() {
            let Case { name, status: expected, .. } = case;
            faults.push(format!("{name}: {status} instead of {expected}, writes {writes:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_is_long_and_no_case_stands_twice() {
    let cases = cases::all();
    let mut names = BTreeSet::new();
    let twice: Vec<&str> =
        cases.iter().map(|case| case.name.as_str()).filter(|name| !names.insert(*name)).collect();
    assert_eq!(twice, [] as [&str; 0]);
    assert!(cases.len() >= CASES_AT_LEAST, "{} cases", cases.len());
}
