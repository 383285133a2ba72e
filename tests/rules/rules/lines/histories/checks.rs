//! What must hold of a client at the end of a history.

use std::collections::VecDeque;

use serde_json::Value;

use super::{GROUPS, History};

impl History {
    /// The client has messages in the order of their group, and nothing twice.
    pub(super) fn check_order(&self) {
        let counted = self.counted();
        for group in GROUPS {
            let of_group: Vec<&str> =
                counted.iter().filter_map(|it| it["target"].as_str()).collect();
            let of_group: Vec<&&str> =
                of_group.iter().filter(|target| target.starts_with(group)).collect();
            let is_in_order = of_group.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(is_in_order, "seed {}: {of_group:?}", self.seed);
        }
        let answers = self.answers();
        let mut once = answers.clone();
        once.dedup();
        assert_eq!(once, answers, "seed {}: answers", self.seed);
    }

    /// The calls that were answered, by number.
    fn answers(&self) -> Vec<u64> {
        let number = |it: &Value| it["invocationId"].as_str().and_then(|id| id.parse().ok());
        let mut answers: Vec<u64> = self.counted().iter().filter_map(number).collect();
        answers.sort_unstable();
        answers
    }

    pub(super) async fn check_all(&self) {
        let messages = self.counted().iter().filter(|it| it["type"] == 1).count();
        let left: Vec<usize> = self.queues.values().map(VecDeque::len).collect();
        let (messages, line) = (u64::try_from(messages).unwrap(), self.stage.line(&self.tab).await);
        assert_eq!(messages, self.sent, "seed {}: {left:?} left, {line:#?}", self.seed);
        // An invocation whose function died after it was noted stays without an answer.
        if !self.has_lost_frames {
            let calls: Vec<u64> = (1..=self.calls).collect();
            assert_eq!(self.answers(), calls, "seed {}: {line:#?}", self.seed);
        }
    }
}
