//! The staged deadlines of one answer, on one timer.
//!
//! A token moves a deadline, but not the timer: it is set anew when it strikes too early. So a token costs
//! no timer. Must not know what is waited for.

use std::{future::poll_fn, pin::Pin, pin::pin, task::Poll, time::Duration};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    model::{ModelError, Stage},
    provider::Deadlines,
};

/// How long usage may come after the finish reason.
const LINGER: Duration = Duration::from_secs(5);
/// How long the stream's end may come once all is there: the finish reason and the count of tokens.
const CLOSING: Duration = Duration::from_millis(250);

/// Watches one answer.
pub(super) struct Deadline {
    deadlines: Deadlines,
    /// When the whole answer is due.
    total: Instant,
    /// When the stage is due, `total` at the latest.
    due: Instant,
    stage: Stage,
    /// The answer is whole; only usage may follow.
    lingering: bool,
    /// The count of tokens is there.
    counted: bool,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    /// Starts with the total; the stages follow.
    pub(super) fn new(deadlines: Deadlines, now: Instant) -> Self {
        let total = now + deadlines.total;
        let timer = Box::pin(sleep_until(total));
        Self { deadlines, total, due: total, stage: Stage::Total, lingering: false, counted: false, timer }
    }

    /// The request goes out.
    pub(super) fn sent(&mut self, at: Instant) {
        self.enter(Stage::FirstToken, at + self.deadlines.first_token);
    }

    /// Content, reasoning or tool text came.
    pub(super) fn token(&mut self, at: Instant) {
        if !self.lingering {
            self.enter(Stage::Idle, at + self.deadlines.idle);
        }
    }

    /// A finish reason came: what may follow is waited for shortly, and is not missed.
    pub(super) fn finished(&mut self, at: Instant) {
        if !self.lingering {
            self.lingering = true;
            self.enter(Stage::Idle, at + if self.counted { CLOSING } else { LINGER });
        }
    }

    /// The count of tokens came. Where the finish reason is there too, only the end of the stream is missing.
    pub(super) fn counted(&mut self, at: Instant) {
        if self.lingering && !self.counted {
            self.enter(Stage::Idle, at + CLOSING);
        }
        self.counted = true;
    }

    /// True once the answer is whole, so that nothing that happens is an error any more.
    pub(super) fn is_lingering(&self) -> bool {
        self.lingering
    }

    /// What to report when the deadline struck.
    pub(super) fn error(&self) -> ModelError {
        let after = match self.stage {
            Stage::Connect => self.deadlines.connect,
            Stage::FirstToken => self.deadlines.first_token,
            Stage::Idle => self.deadlines.idle,
            Stage::Total => self.deadlines.total,
        };
        ModelError::Timeout { stage: self.stage, after }
    }

    /// The output of `future`, or `None` if the deadline strikes first.
    pub(super) async fn bound<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            while self.timer.as_mut().poll(context).is_ready() {
                if self.timer.deadline() >= self.due {
                    return Poll::Ready(None);
                }
                self.timer.as_mut().reset(self.due);
            }
            Poll::Pending
        })
        .await
    }

    fn enter(&mut self, stage: Stage, due: Instant) {
        self.stage = if due <= self.total { stage } else { Stage::Total };
        self.due = due.min(self.total);
        if self.due < self.timer.deadline() {
            self.timer.as_mut().reset(self.due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn deadline() -> Deadline {
        let seconds = Duration::from_secs;
        let deadlines =
            Deadlines { connect: seconds(1), first_token: seconds(10), idle: seconds(3), total: seconds(15) };
        Deadline::new(deadlines, Instant::now())
    }

    /// Waits for the deadline; the seconds since `start`, and the stage.
    async fn strikes(deadline: &mut Deadline, start: Instant) -> (u64, Stage) {
        assert!(deadline.bound(pending::<()>()).await.is_none());
        let ModelError::Timeout { stage, .. } = deadline.error() else { panic!("another error") };
        (start.elapsed().as_secs(), stage)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_token_is_waited_for_from_the_request() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        assert_eq!(strikes(&mut deadline, start).await, (10, Stage::FirstToken));
    }

    #[tokio::test(start_paused = true)]
    async fn each_token_moves_the_gap() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start + Duration::from_secs(2));
        deadline.token(start + Duration::from_secs(4));
        assert_eq!(strikes(&mut deadline, start).await, (7, Stage::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn the_total_holds_whatever_comes() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start + Duration::from_secs(14));
        assert_eq!(strikes(&mut deadline, start).await, (15, Stage::Total));
    }

    #[tokio::test(start_paused = true)]
    async fn usage_is_awaited_for_five_seconds_and_not_missed() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start);
        deadline.finished(start + Duration::from_secs(1));
        deadline.token(start + Duration::from_secs(2));
        assert_eq!(strikes(&mut deadline, start).await.0, 6);
        assert!(deadline.is_lingering());
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_end_is_missing_once_all_was_said() {
        for counted_first in [true, false] {
            let (mut deadline, start) = (deadline(), Instant::now());
            deadline.sent(start);
            if counted_first {
                deadline.counted(start);
            }
            deadline.finished(start + Duration::from_secs(1));
            deadline.counted(start + Duration::from_secs(1));
            assert!(deadline.bound(pending::<()>()).await.is_none());
            assert_eq!(start.elapsed().as_millis(), 1_250, "counted first: {counted_first}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_time_comes() {
        let mut deadline = deadline();
        deadline.sent(Instant::now());
        let slow = tokio::time::sleep(Duration::from_secs(9));
        assert!(deadline.bound(slow).await.is_some());
    }
}
