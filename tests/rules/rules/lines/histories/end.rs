//! The ends of a connection, which race with the return of the client.

use std::time::Duration;

use hubcast_model::time::Clock;
use hubcast_testkit::interleave::give_way;
use hubcast_testkit::queued::message;

use super::History;
use crate::lines::stage::{LineStage, Tab};
use crate::lines::{CLOSE, LOG_OUT, sequence};
use crate::stage::PING;

/// Longer than a client is waited for.
const TOO_LONG: Duration = Duration::from_secs(40);
const BLOCK: &str = r#"{"action":"block","userId":"alice"}"#;

/// What a connection may end by.
#[derive(Debug, Clone, Copy)]
enum End {
    LogOut,
    Block,
    Close,
    /// The time of a client that stays away is up.
    Alarm,
    /// The client closes its socket.
    Client,
}

const ENDS: [End; 5] = [End::LogOut, End::Block, End::Close, End::Alarm, End::Client];

impl History {
    /// The connection ends while its client comes back: the client has no socket then, and gets none.
    pub(super) async fn race_to_the_end(&mut self) {
        self.stage.stage.store.heal();
        self.stage.forget_answers(&self.tab);
        let mut end = ENDS[self.rng.usize(0..ENDS.len())];
        let now = self.stage.stage.clock.now();
        // A client that has no socket closes none, and whoever cuts a socket is believed for a while.
        if self.is_away() || self.stage.line(&self.tab).await.is_being_cut(now) {
            end = if matches!(end, End::Client) { End::LogOut } else { end };
        }
        if !matches!(end, End::Client) && self.rng.bool() {
            self.cut().await;
        }
        if matches!(end, End::Alarm) {
            self.stage.cut(&self.tab);
            let socket = self.tab.socket();
            self.stage.gone_if_told(&self.tab, &socket).await;
            self.stage.stage.clock.advance(TOO_LONG);
        }
        let pause = self.rng.usize(0..30);
        let (stage, ended) = (&self.stage, self.tab.clone());
        self.sockets += 1;
        let socket = format!("s{}=", self.sockets);
        let goes_on = sequence(self.calls + 1);
        let is_away = self.is_over || stage.is_cut(&ended);
        tokio::join!(
            async {
                for _ in 0..pause {
                    give_way().await;
                }
                end_by(stage, &ended, end).await;
            },
            async {
                if is_away && !self.is_over {
                    stage.come_back_saying(&mut self.tab, &socket, &goes_on).await;
                }
            }
        );
        // A socket that was let in before the end is cut by its next frame, if not before.
        self.stage.say(&self.tab, PING).await;
        let seed = self.seed;
        assert!(self.stage.is_cut(&self.tab), "seed {seed}: a socket is left after {end:?}");
        let again = self.stage.try_back(&self.tab, "s999=").await;
        assert!(again.is_err(), "seed {seed}: a client comes back after {end:?}");
        self.check_order();
    }
}

async fn end_by(stage: &LineStage, tab: &Tab, end: End) {
    match end {
        End::LogOut => {
            stage.publish(message("end", LOG_OUT)).await;
        }
        End::Block => {
            stage.publish(message("end", BLOCK)).await;
        }
        End::Close => {
            stage.publish(message("end", CLOSE)).await;
        }
        End::Alarm => stage.time_up_if_told(tab).await,
        End::Client => {
            stage.cut(tab);
            stage.gone(tab, true).await;
        }
    }
}
