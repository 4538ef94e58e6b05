//! The staged deadlines of one answer, on a single timer.
//!
//! A token moves the deadline but not the timer, which is reset only when it fires too early, so that tokens stay
//! cheap.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    model::{ModelError, Stage},
    provider::Deadlines,
};

/// Time for usage to arrive after the finish reason.
const USAGE_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for the stream to end after finish reason and token count.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(250);

/// The deadline of one answer, moved by its progress.
pub(super) struct Deadline {
    deadlines: Deadlines,
    /// The deadline of the whole answer.
    total: Instant,
    /// The deadline of the stage, at most `total`.
    due: Instant,
    stage: Stage,
    /// The finish reason arrived; only usage may follow.
    lingering: bool,
    /// The token count arrived.
    counted: bool,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    /// Starts the total deadline.
    pub(super) fn new(deadlines: Deadlines, now: Instant) -> Self {
        let total = now + deadlines.total;
        let timer = Box::pin(sleep_until(total));
        Self { deadlines, total, due: total, stage: Stage::Total, lingering: false, counted: false, timer }
    }

    /// Starts the wait for the first token.
    pub(super) fn sent(&mut self, at: Instant) {
        self.enter(Stage::FirstToken, at + self.deadlines.first_token);
    }

    /// Restarts the idle deadline: content, reasoning or tool text arrived.
    pub(super) fn token(&mut self, at: Instant) {
        if !self.lingering {
            self.enter(Stage::Idle, at + self.deadlines.idle);
        }
    }

    /// Starts a short wait for usage: the finish reason arrived.
    pub(super) fn finished(&mut self, at: Instant) {
        if !self.lingering {
            self.lingering = true;
            self.enter(Stage::Idle, at + if self.counted { CLOSE_TIMEOUT } else { USAGE_TIMEOUT });
        }
    }

    /// Records the arrival of the token count. After the finish reason only the end of the stream is still missing.
    pub(super) fn counted(&mut self, at: Instant) {
        if self.lingering && !self.counted {
            self.enter(Stage::Idle, at + CLOSE_TIMEOUT);
        }
        self.counted = true;
    }

    /// Returns true once the answer is complete: from then on neither a deadline nor a disconnect is an error.
    pub(super) fn is_lingering(&self) -> bool {
        self.lingering
    }

    /// The error for the stage whose deadline passed.
    pub(super) fn error(&self) -> ModelError {
        let after = match self.stage {
            Stage::Connect => self.deadlines.connect,
            Stage::FirstToken => self.deadlines.first_token,
            Stage::Idle => self.deadlines.idle,
            Stage::Total => self.deadlines.total,
        };
        ModelError::Timeout { stage: self.stage, after }
    }

    /// Runs `future`; `None` if the deadline passes first.
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

    /// Waits for the deadline and returns the seconds since `start` and the stage.
    async fn expire(deadline: &mut Deadline, start: Instant) -> (u64, Stage) {
        assert!(deadline.bound(pending::<()>()).await.is_none());
        let ModelError::Timeout { stage, .. } = deadline.error() else { panic!("another error") };
        (start.elapsed().as_secs(), stage)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_token_deadline_counts_from_the_request() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        assert_eq!(expire(&mut deadline, start).await, (10, Stage::FirstToken));
    }

    #[tokio::test(start_paused = true)]
    async fn each_token_restarts_the_idle_deadline() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start + Duration::from_secs(2));
        deadline.token(start + Duration::from_secs(4));
        assert_eq!(expire(&mut deadline, start).await, (7, Stage::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn the_total_deadline_is_fixed() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start + Duration::from_secs(14));
        assert_eq!(expire(&mut deadline, start).await, (15, Stage::Total));
    }

    #[tokio::test(start_paused = true)]
    async fn usage_is_awaited_for_five_seconds_without_an_error() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start);
        deadline.finished(start + Duration::from_secs(1));
        deadline.token(start + Duration::from_secs(2));
        assert_eq!(expire(&mut deadline, start).await.0, 6);
        assert!(deadline.is_lingering());
    }

    #[tokio::test(start_paused = true)]
    async fn the_stream_end_is_awaited_shortly_once_all_has_arrived() {
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
    async fn a_future_that_is_ready_in_time_wins() {
        let mut deadline = deadline();
        deadline.sent(Instant::now());
        let slow = tokio::time::sleep(Duration::from_secs(9));
        assert!(deadline.bound(slow).await.is_some());
    }
}
