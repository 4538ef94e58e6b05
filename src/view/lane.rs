//! One lane as users see it: its state in words, its bar, its numbers.
//!
//! Users can tell slow from stuck: a running lane shows its phase, its duration, and the time since the last byte.

use std::{borrow::Cow, sync::Arc, time::Duration};

use super::{BAR_EIGHTHS, LaneState, LaneView, MAX_ANSWER_CHARS, Milestones, Numbers, text, words};
use crate::{
    model::{Availability, FinishReason, ModelCard, ServedModel},
    race::{
        arrivals::SpeedNote,
        event::{Elapsed, StopCause},
        figures,
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Status},
        state::{Lane, Phase},
    },
};

/// The shortest span of tokens with a meaningful running speed.
const MIN_SPEED_SPAN: Duration = Duration::from_millis(200);

/// The silence after which a lane that had sent bytes mentions it.
const SILENCE_THRESHOLD: Duration = Duration::from_secs(3);

/// A lane that is over, borrowed from the state or from a report.
struct EndedLane<'a> {
    card: &'a Arc<ModelCard>,
    status: Status,
    error: Option<Cow<'a, str>>,
    answer: &'a str,
    has_thought: bool,
    metrics: Metrics,
    availability: &'a Availability,
    served: Option<&'a ServedModel>,
    simulated: bool,
}

impl<'a> EndedLane<'a> {
    fn of(lane: &'a Lane) -> Option<Self> {
        let (status, error) = lane.outcome()?;
        Some(Self {
            card: &lane.card,
            status,
            error: error.map(Cow::Owned),
            answer: &lane.answer,
            has_thought: !lane.reasoning.is_empty(),
            metrics: lane.metrics(),
            availability: &lane.availability,
            served: lane.served.as_ref(),
            simulated: lane.simulated,
        })
    }

    fn from_report(lane: &'a LaneReport) -> Self {
        Self {
            card: &lane.card,
            status: lane.status.clone(),
            error: lane.error.as_deref().map(Cow::Borrowed),
            answer: &lane.answer,
            has_thought: !lane.reasoning.is_empty(),
            metrics: lane.metrics,
            availability: &lane.availability,
            served: lane.served.as_ref(),
            simulated: lane.simulated,
        }
    }

    fn speed(&self) -> Option<f64> {
        self.metrics.tokens_per_second.filter(|_| self.status != Status::Failed)
    }

    fn view(&self, leader: f64) -> LaneView {
        let state = match self.status {
            Status::Finished(_) => LaneState::Finished,
            Status::Truncated => LaneState::Truncated,
            Status::Failed => LaneState::Failed,
            Status::Stopped(_) => LaneState::Stopped,
        };
        LaneView {
            card: Arc::clone(self.card),
            simulated: self.simulated,
            state,
            bar: bar(self.speed(), leader),
            speed: tokens_per_second(self.speed(), &self.metrics),
            status: self.words(),
            brief: self.brief(),
            numbers: Some(numbers(&self.metrics)),
            milestones: milestones(&self.metrics),
            note: self.note(),
            answer: text::clip(self.answer, MAX_ANSWER_CHARS, text::Measure::Chars, text::Keep::Head),
            clipped: text::Measure::Chars.of(self.answer) > MAX_ANSWER_CHARS,
        }
    }

    fn note(&self) -> Option<String> {
        let connection = connection_note(self.card, self.availability, self.metrics.ttft.is_some(), true);
        let speed =
            speed_note(&self.metrics).filter(|_| self.status.is_finished() && self.metrics.output_tokens > 0);
        joined([other_model(self.served), speed, connection])
    }

    fn brief(&self) -> String {
        let mark = match self.status {
            Status::Finished(_) => "✓",
            Status::Truncated => "cut off",
            Status::Failed => return "failed".into(),
            Status::Stopped(_) => "stopped",
        };
        words::joined([tokens_per_second(self.speed(), &self.metrics).unwrap_or_default(), mark.into()])
    }

    fn words(&self) -> String {
        let so_far = so_far(&self.metrics);
        let why = self.error.as_deref().unwrap_or_default();
        match &self.status {
            Status::Finished(reason) => self.finished(reason.as_ref()),
            Status::Truncated => format!("cut off: {why}{so_far}"),
            Status::Failed => format!("failed: {why}{so_far}"),
            Status::Stopped(StopCause::Asked) => format!("stopped{so_far}"),
            Status::Stopped(cause) => format!("{}{so_far}", cause.public()),
        }
    }

    fn finished(&self, reason: Option<&FinishReason>) -> String {
        let metrics = &self.metrics;
        let is_length = reason.is_some_and(FinishReason::is_length);
        if self.answer.trim().is_empty() && self.has_thought && is_length {
            return format!("spent its whole cap on reasoning{}", so_far(metrics));
        }
        let Some(total) = metrics.total else { return "done, with an empty answer".into() };
        let tokens = figures::tokens(metrics.output_tokens, metrics.token_count);
        let unit = if metrics.output_tokens == 1 { "token" } else { "tokens" };
        let how = match reason.map_or("", FinishReason::as_str) {
            "stop" | "eos" | "eos_token" | "end_turn" | "" => String::new(),
            _ if is_length => ", at its length cap".into(),
            other => format!(", ended by {other}"),
        };
        format!("done {}, {tokens} {unit}{how}", figures::seconds(total))
    }
}

fn numbers(metrics: &Metrics) -> Numbers {
    let time = |t: Option<Duration>| t.map_or_else(|| "n/a".into(), figures::seconds);
    Numbers {
        ttft: time(metrics.ttft),
        total: time(metrics.total),
        tokens: figures::tokens(metrics.output_tokens, metrics.token_count),
        speed: figures::speed(metrics.tokens_per_second, metrics.token_count),
        columns: [
            metrics.ttft.map_or_else(|| "-".into(), figures::brief_seconds),
            figures::brief_tokens(metrics.output_tokens, metrics.token_count),
            metrics
                .tokens_per_second
                .map_or_else(|| "-".into(), |speed| figures::brief_speed(speed, metrics.token_count)),
        ],
    }
}

fn milestones(metrics: &Metrics) -> Milestones {
    Milestones { first_token: metrics.ttft, first_answer: metrics.ttfa, end: metrics.total }
}

impl LaneView {
    /// The view of `lane` at `now`; `leader` is the highest speed in the race.
    pub(super) fn of(lane: &Lane, now: Elapsed, leader: f64) -> Self {
        if let Some(ended) = EndedLane::of(lane) {
            return ended.view(leader);
        }
        Self {
            card: Arc::clone(&lane.card),
            simulated: lane.simulated,
            state: state(&lane.phase),
            bar: bar(speed(lane), leader),
            speed: tokens_per_second(speed(lane), &lane.metrics()),
            status: running(lane, now),
            brief: running_briefly(lane, now),
            numbers: None,
            milestones: Milestones {
                end: lane.stamps.sent.map(|sent| now.since(sent)),
                ..milestones(&lane.metrics())
            },
            note: joined([
                other_model(lane.served.as_ref()),
                connection_note(&lane.card, &lane.availability, lane.stamps.first_token.is_some(), false),
            ]),
            answer: text::clip(&lane.answer, MAX_ANSWER_CHARS, text::Measure::Chars, text::Keep::Tail),
            clipped: text::Measure::Chars.of(&lane.answer) > MAX_ANSWER_CHARS,
        }
    }

    /// The view of a lane that is over, from its report.
    pub(super) fn over(lane: &LaneReport, leader: f64) -> Self {
        EndedLane::from_report(lane).view(leader)
    }
}

fn tokens_per_second(speed: Option<f64>, metrics: &Metrics) -> Option<String> {
    speed.map(|speed| format!("{} tok/s", figures::speed(Some(speed), metrics.token_count)))
}

/// The shown speed of a lane that is over: none for a failed one.
pub(super) fn last_speed(lane: &LaneReport) -> Option<f64> {
    EndedLane::from_report(lane).speed()
}

/// The shown speed: none for a failed lane, and none before [`MIN_SPEED_SPAN`].
pub(super) fn speed(lane: &Lane) -> Option<f64> {
    let span = lane.stamps.last_token?.since(lane.stamps.first_token?);
    let shown = match lane.phase {
        Phase::Failed(_) => false,
        Phase::Reasoning | Phase::Writing => span >= MIN_SPEED_SPAN,
        _ => true,
    };
    lane.metrics().tokens_per_second.filter(|_| shown)
}

/// The sort key of a lane in the standings; smaller is better: lanes by speed, lanes without a speed, incomplete lanes,
/// failed lanes. Agrees with [`crate::race::report::Report::order`] once the race is over.
pub(super) fn standing(lane: &Lane) -> f64 {
    let class = match (&lane.phase, speed(lane)) {
        (Phase::Failed(_), _) => 4.0,
        (Phase::Truncated | Phase::Stopped(_), _) => 3.0,
        (_, Some(_)) => 1.0,
        (_, None) => 2.0,
    };
    let speed = speed(lane).unwrap_or(0.0);
    class - speed / (speed + 1_000.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 128")]
fn bar(speed: Option<f64>, leader: f64) -> u16 {
    let share = speed.filter(|_| leader > 0.0).map_or(0.0, |v| (v / leader).clamp(0.0, 1.0));
    (share * f64::from(BAR_EIGHTHS)).round() as u16
}

fn state(phase: &Phase) -> LaneState {
    match phase {
        Phase::Reasoning => LaneState::Reasoning,
        Phase::Writing => LaneState::Writing,
        _ => LaneState::Waiting,
    }
}

fn running(lane: &Lane, now: Elapsed) -> String {
    let since_sent = lane.stamps.sent.map_or(Duration::ZERO, |sent| now.since(sent));
    let running = figures::clock(since_sent);
    match &lane.phase {
        Phase::Loading => format!("loading the model {running}"),
        Phase::Waiting => waiting(lane, now, since_sent),
        Phase::Reasoning => format!("reasoning {running}{}{}", thoughts(lane), silence(lane, now)),
        Phase::Writing => format!("writing {running}{}", silence(lane, now)),
        _ => "getting ready".into(),
    }
}

/// The state of a running lane in a few words.
fn running_briefly(lane: &Lane, now: Elapsed) -> String {
    let running = figures::clock(lane.stamps.sent.map_or(Duration::ZERO, |sent| now.since(sent)));
    let quiet = lane.stamps.last_byte.or(lane.stamps.sent).map_or(Duration::ZERO, |byte| now.since(byte));
    let is_silent = quiet >= SILENCE_THRESHOLD
        || (matches!(lane.phase, Phase::Waiting)
            && lane.stamps.last_byte.is_none()
            && quiet > Duration::ZERO);
    match &lane.phase {
        Phase::Loading => format!("loading {running}"),
        Phase::Waiting | Phase::Reasoning | Phase::Writing if is_silent => {
            format!("no bytes for {}", figures::clock(quiet))
        }
        Phase::Waiting => format!("waiting {running}"),
        Phase::Reasoning => format!("reasoning {running}"),
        Phase::Writing => {
            tokens_per_second(speed(lane), &lane.metrics()).unwrap_or_else(|| "writing".to_owned())
        }
        _ => "getting ready".into(),
    }
}

fn waiting(lane: &Lane, now: Elapsed, since_sent: Duration) -> String {
    match lane.stamps.last_byte {
        Some(byte) if now.since(byte) < SILENCE_THRESHOLD => {
            format!("waiting {}, the server is alive", figures::clock(since_sent))
        }
        Some(byte) => format!("waiting, no bytes for {}", figures::clock(now.since(byte))),
        None => format!("waiting, no bytes for {}", figures::clock(since_sent)),
    }
}

fn thoughts(lane: &Lane) -> String {
    lane.reasoning_tokens()
        .map_or_else(String::new, |(n, count)| format!(", {} tokens", figures::tokens(n, count)))
}

fn silence(lane: &Lane, now: Elapsed) -> String {
    let quiet = lane.stamps.last_byte.map_or(Duration::ZERO, |byte| now.since(byte));
    if quiet < SILENCE_THRESHOLD {
        String::new()
    } else {
        format!(", no bytes for {}", figures::clock(quiet))
    }
}

/// The tokens of an incomplete answer, if there are any.
fn so_far(metrics: &Metrics) -> String {
    match metrics.output_tokens {
        0 => String::new(),
        n => format!(", {} tokens", figures::tokens(n, metrics.token_count)),
    }
}

fn joined<const N: usize>(notes: [Option<String>; N]) -> Option<String> {
    notes.into_iter().flatten().reduce(|notes, note| format!("{notes}; {note}"))
}

fn other_model(served: Option<&ServedModel>) -> Option<String> {
    let served = served.filter(|served| served.is_other)?;
    Some(format!("answered by {}, not by the model that was asked for", served.name))
}

/// The reason why there is no speed, or why it is the server's. A short answer needs none.
fn speed_note(metrics: &Metrics) -> Option<String> {
    let note = metrics.speed_note.filter(|note| *note != SpeedNote::TooShort)?;
    let server = metrics.server_tokens_per_second.filter(|_| metrics.tokens_per_second.is_none());
    let server = server
        .map(|speed| format!("; its server says {} tok/s", figures::speed(Some(speed), TokenCount::Usage)));
    Some(format!("{}{}", note.public(), server.unwrap_or_default()))
}

fn connection_note(
    card: &ModelCard,
    availability: &Availability,
    has_spoken: bool,
    is_over: bool,
) -> Option<String> {
    match availability {
        Availability::NotListed => {
            Some(format!("{} does not list this model today; tried anyway", card.provider))
        }
        Availability::Unreachable(why) if has_spoken => {
            Some(format!("started on a cold connection ({why}), which delayed its first token"))
        }
        Availability::Unreachable(why) if !is_over => Some(why.clone()),
        _ => None,
    }
}
