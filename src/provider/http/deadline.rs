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

/// The deadline of one answer, moved by its progress.
pub(super) struct Deadline {
    deadlines: Deadlines,
    /// The deadline of the first token, from the first request.
    first_token: Option<Instant>,
    /// The deadline of the whole answer.
    total: Instant,
    /// The deadline of the stage, at most `total`.
    due: Instant,
    stage: Stage,
    finish: Finish,
    /// Text of the answer or of a tool call arrived.
    has_answer: bool,
    /// The last read with content.
    last_token: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

/// The meaning of the finish reasons so far. Some gateways send one with the first event, or with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finish {
    None,
    /// It came before any text of the answer, so the deadlines stay.
    Early,
    /// Only usage should follow, shortly.
    Last,
    /// Content followed a finish reason, so none of them says that the answer is complete. True if none has come since.
    Resumed {
        has_more: bool,
    },
}

impl Deadline {
    /// Starts the total deadline.
    pub(super) fn new(deadlines: Deadlines, now: Instant) -> Self {
        let total = now + deadlines.total;
        Self {
            deadlines,
            first_token: None,
            total,
            due: total,
            stage: Stage::Total,
            finish: Finish::None,
            has_answer: false,
            last_token: None,
            timer: Box::pin(sleep_until(total)),
        }
    }

    /// Starts the wait for the first token, which counts from the first request.
    pub(super) fn sent(&mut self, at: Instant) {
        let due = *self.first_token.get_or_insert(at + self.deadlines.first_token);
        self.enter(Stage::FirstToken, due);
    }

    /// The time that is left.
    pub(super) fn remaining(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }

    /// Restarts the idle deadline: content, reasoning or tool text arrived.
    pub(super) fn token(&mut self, at: Instant) {
        self.last_token = Some(at);
        if self.finish != Finish::None {
            self.finish = Finish::Resumed { has_more: true };
        }
        self.enter(Stage::Idle, at + self.deadlines.idle);
    }

    /// Records that the content is part of the answer, or that it has turned out to be reasoning.
    pub(super) fn has_answer(&mut self, has_answer: bool) {
        self.has_answer = has_answer;
    }

    /// Starts a short wait for usage: a finish reason arrived that may be the last event of the answer.
    pub(super) fn finished(&mut self, at: Instant, is_length: bool) {
        match self.finish {
            Finish::None | Finish::Early if self.has_answer || is_length => {
                self.finish = Finish::Last;
                self.enter(Stage::Idle, at + USAGE_TIMEOUT);
            }
            Finish::None => self.finish = Finish::Early,
            Finish::Resumed { .. } => self.finish = Finish::Resumed { has_more: false },
            Finish::Early | Finish::Last => {}
        }
    }

    /// Returns true if the answer is complete once a deadline has passed. The total deadline may interrupt one whose
    /// finish reasons mean nothing.
    pub(super) fn is_complete_when_late(&self) -> bool {
        let is_interrupted =
            self.stage == Stage::Total && self.last_token.is_some_and(|at| at + USAGE_TIMEOUT > self.total);
        match self.finish {
            Finish::None => false,
            Finish::Early | Finish::Last => true,
            Finish::Resumed { .. } => !is_interrupted,
        }
    }

    /// Returns true if the answer is complete once the connection has broken.
    pub(super) fn is_complete_when_cut(&self) -> bool {
        !matches!(self.finish, Finish::None | Finish::Resumed { has_more: true })
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
    async fn a_repeated_request_does_not_restart_the_first_token_deadline() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.sent(start + Duration::from_secs(4));
        assert_eq!(deadline.remaining(start + Duration::from_secs(4)), Duration::from_secs(6));
        assert_eq!(expire(&mut deadline, start).await, (10, Stage::FirstToken));
    }

    /// A deadline whose answer began at the start.
    fn answering() -> (Deadline, Instant) {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start);
        deadline.has_answer(true);
        (deadline, start)
    }

    #[tokio::test(start_paused = true)]
    async fn usage_is_awaited_for_five_seconds_without_an_error() {
        let (mut deadline, start) = answering();
        deadline.finished(start + Duration::from_secs(1), false);
        deadline.finished(start + Duration::from_secs(2), false);
        assert_eq!(expire(&mut deadline, start).await.0, 6);
        assert!(deadline.is_complete_when_late() && deadline.is_complete_when_cut());
    }

    #[tokio::test(start_paused = true)]
    async fn content_after_a_finish_reason_belongs_to_the_answer() {
        let (mut deadline, start) = answering();
        deadline.finished(start, false);
        deadline.token(start + Duration::from_secs(4));
        assert!(!deadline.is_complete_when_cut(), "text may be missing");
        deadline.finished(start + Duration::from_secs(4), false);
        assert!(deadline.is_complete_when_cut());
        assert_eq!(expire(&mut deadline, start).await, (7, Stage::Idle), "not shortened again");
        assert!(deadline.is_complete_when_late());
    }

    #[tokio::test(start_paused = true)]
    async fn a_finish_reason_before_the_answer_shortens_nothing() {
        for thinks in [false, true] {
            let (mut deadline, start) = (deadline(), Instant::now());
            deadline.sent(start);
            if thinks {
                deadline.token(start);
            }
            deadline.finished(start, false);
            let want = if thinks { (3, Stage::Idle) } else { (10, Stage::FirstToken) };
            assert_eq!(expire(&mut deadline, start).await, want);
            assert!(deadline.is_complete_when_late(), "thinks: {thinks}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cap_that_is_spent_on_thinking_is_an_end() {
        let (mut deadline, start) = (deadline(), Instant::now());
        deadline.sent(start);
        deadline.token(start);
        deadline.finished(start, true);
        assert_eq!(expire(&mut deadline, start).await, (5, Stage::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn the_total_deadline_interrupts_an_answer_whose_finish_reasons_mean_nothing() {
        let (mut deadline, start) = answering();
        for second in 0..=14 {
            deadline.token(start + Duration::from_secs(second));
            deadline.finished(start + Duration::from_secs(second), false);
        }
        assert_eq!(expire(&mut deadline, start).await, (15, Stage::Total));
        assert!(!deadline.is_complete_when_late());
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_is_ready_in_time_wins() {
        let mut deadline = deadline();
        deadline.sent(Instant::now());
        let slow = tokio::time::sleep(Duration::from_secs(9));
        assert!(deadline.bound(slow).await.is_some());
    }
}
