//! A step is taken once, whatever becomes of the answers of the table.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::VecDeque;
use std::sync::Mutex;

use hubcast_line::{ChangeError, Line, LineStore, Utterance, change};
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::ports::StoreError;
use hubcast_model::time::Timestamp;

/// What becomes of a call.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// The table does as asked, and the answer gets lost.
    Unanswered,
    /// The same, and the adapter asked again: the condition does not hold any more.
    Repeated,
    /// The table does nothing.
    Unavailable,
    /// Somebody else writes before.
    Overtaken,
    /// The answer gets lost, and others write then.
    UnansweredAndOvertaken,
}

/// A table with one line.
struct Table {
    line: Mutex<Line>,
    reads: Mutex<VecDeque<Fate>>,
    writes: Mutex<VecDeque<Fate>>,
}

impl Table {
    fn new(reads: &[Fate], writes: &[Fate]) -> Self {
        let id = SocketId::of_line(&ConnectionId::line("c").unwrap()).unwrap();
        let line = Line::open(id, SocketId::parse("s1=").unwrap(), Timestamp::from_millis(1));
        let fates = |fates: &[Fate]| Mutex::new(fates.iter().copied().collect());
        Self { line: Mutex::new(line), reads: fates(reads), writes: fates(writes) }
    }

    fn write(&self, line: &Line, before: u64) -> bool {
        let mut known = self.line.lock().unwrap();
        let is_met = known.revision == before;
        if is_met {
            *known = line.clone();
        }
        is_met
    }

    /// Somebody else hears the client.
    fn overtake(&self) {
        let mut line = self.line.lock().unwrap();
        line.heard += 100;
        line.revision += 1;
    }

    /// Hears one message of the client; answers which calls were repeated.
    async fn hear(&self) -> Result<Vec<String>, ChangeError> {
        let id = self.line.lock().unwrap().id.clone();
        let heard = change(self, &id, |line| {
            let socket = line.socket.clone();
            line.hear(&socket, Utterance { messages: 1, calls: &["7"] }, Timestamp::from_millis(1))
        });
        heard.await.map(Option::unwrap)
    }
}

const fn unavailable() -> StoreError {
    StoreError::Corrupt { what: "a test" }
}

impl LineStore for Table {
    async fn create_line(&self, _: &Line) -> Result<bool, StoreError> {
        Err(unavailable())
    }

    async fn line(&self, _: &SocketId) -> Result<Option<Line>, StoreError> {
        match self.reads.lock().unwrap().pop_front() {
            None => Ok(Some(self.line.lock().unwrap().clone())),
            Some(_) => Err(unavailable()),
        }
    }

    async fn replace_line(&self, line: &Line, before: u64) -> Result<bool, StoreError> {
        let fate = self.writes.lock().unwrap().pop_front();
        match fate {
            None => Ok(self.write(line, before)),
            Some(Fate::Unavailable) => Err(unavailable()),
            Some(Fate::Overtaken) => {
                self.overtake();
                Ok(self.write(line, before))
            }
            Some(Fate::Unanswered) => {
                self.write(line, before);
                Err(unavailable())
            }
            Some(Fate::Repeated) => {
                self.write(line, before);
                Ok(self.write(line, before))
            }
            Some(Fate::UnansweredAndOvertaken) => {
                self.write(line, before);
                self.overtake();
                Err(unavailable())
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_is_taken_once_though_its_answer_gets_lost() {
    use Fate::{Overtaken, Repeated, Unanswered, UnansweredAndOvertaken, Unavailable};
    for (writes, others) in [
        (vec![], 0),
        (vec![Repeated], 0),
        (vec![Unanswered], 0),
        (vec![Unavailable], 0),
        (vec![Overtaken, Repeated], 100),
        (vec![Overtaken, Unanswered], 100),
        (vec![Unavailable, Overtaken, Repeated], 100),
        (vec![UnansweredAndOvertaken], 100),
    ] {
        let table = Table::new(&[], &writes);
        let repeated = table.hear().await.unwrap();
        assert_eq!(repeated, [""; 0], "{writes:?}");
        assert_eq!(table.line.lock().unwrap().heard, 1 + others, "{writes:?}");
        assert_eq!(table.hear().await.unwrap(), ["7"], "{writes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_does_not_answer_twice_is_told() {
    for (reads, writes) in [
        (vec![Fate::Unavailable; 2], vec![]),
        (vec![], vec![Fate::Unavailable; 2]),
        (vec![Fate::Unavailable], vec![Fate::Unanswered]),
    ] {
        let table = Table::new(&reads, &writes);
        assert!(matches!(table.hear().await, Err(ChangeError::Store(_))), "{reads:?} {writes:?}");
    }
    assert!(Table::new(&[Fate::Unavailable], &[]).hear().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_is_always_overtaken_gives_up() {
    let table = Table::new(&[], &[Fate::Overtaken; 20]);
    assert!(matches!(table.hear().await, Err(ChangeError::Contended)));
}
