//! The log of one test.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use hubcast_model::journey::names::{Naming, NamingKey};
use hubcast_model::journey::{Settings, start};
use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

/// The lines of one test.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Vec<u8>>>);

impl Write for Book {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a book").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Book {
    /// A book of all lines that this thread writes as long as the guard lives.
    pub(crate) fn open() -> (Self, (Dispatch, DefaultGuard)) {
        let key = NamingKey::new("a key of this test".to_owned());
        start(Settings { naming: Naming::Digest(key), sample_percent: 100 });
        let book = Self::default();
        let writer = book.clone();
        let lines = tracing_subscriber::fmt().json().without_time().with_current_span(false);
        let lines = lines.with_writer(move || writer.clone()).finish();
        // With one subscriber alone, what another test logs first would count as switched off for all.
        let second = Dispatch::new(NoSubscriber::new());
        (book, (second, tracing::subscriber::set_default(lines)))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("a book").clone()).expect("UTF-8")
    }

    /// The fields of the lines of a target.
    pub(crate) fn fields(&self, target: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told = lines.filter(|line| line["target"] == target);
        told.map(|line| line["fields"].clone()).collect()
    }
}
