//! One lane as people see it: its state in words, its bar, its numbers.
//!
//! Slow is told apart from stuck: a lane says what it does, for how long, and how long nothing came.

use std::{sync::Arc, time::Duration};

use super::{ANSWER_CHARS, BAR_EIGHTHS, LaneState, LaneView, Numbers, text};
use crate::{
    model::{Availability, FinishReason},
    race::{
        event::{Elapsed, StopCause},
        figures,
        metrics::Metrics,
        state::{Lane, Phase},
    },
};

/// Below this span a running speed says nothing yet.
const SPAN_FOR_SPEED: Duration = Duration::from_millis(200);

/// After this long without any byte a lane that had spoken says so.
const QUIET: Duration = Duration::from_secs(3);

impl LaneView {
    /// The view of `lane` at `now`; `leader` is the highest speed of the race.
    pub(super) fn of(lane: &Lane, now: Elapsed, leader: f64) -> Self {
        let metrics = lane.metrics();
        let keep = if lane.phase.is_over() { text::Keep::Head } else { text::Keep::Tail };
        Self {
            card: Arc::clone(&lane.card),
            simulated: lane.simulated,
            state: state(&lane.phase),
            bar: bar(speed(lane), leader),
            speed: speed(lane).map(|v| format!("{} tok/s", figures::speed(Some(v), metrics.token_count))),
            status: status(lane, &metrics, now),
            numbers: numbers(lane, &metrics),
            note: note(lane),
            answer: text::clip(&lane.answer, ANSWER_CHARS, text::Measure::Chars, keep),
            clipped: text::Measure::Chars.of(&lane.answer) > ANSWER_CHARS,
        }
    }
}

/// The speed to show: none for a failed lane, and none before there is a span to speak of.
pub(super) fn speed(lane: &Lane) -> Option<f64> {
    let span = lane.stamps.last_token?.since(lane.stamps.first_token?);
    let shown = match lane.phase {
        Phase::Failed(_) => false,
        Phase::Reasoning | Phase::Writing => span >= SPAN_FOR_SPEED,
        _ => true,
    };
    lane.metrics().tokens_per_second.filter(|_| shown)
}

/// Sort key of the standings, smaller is better: speeds first, then lanes without one, then those that
/// did not finish; the same order as [`crate::race::report::Report::order`] once the race is over.
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
        Phase::Preparing | Phase::Waiting => LaneState::Waiting,
        Phase::Reasoning => LaneState::Reasoning,
        Phase::Writing => LaneState::Writing,
        Phase::Finished(_) => LaneState::Finished,
        Phase::Truncated => LaneState::Truncated,
        Phase::Failed(_) => LaneState::Failed,
        Phase::Stopped(_) => LaneState::Stopped,
    }
}

fn status(lane: &Lane, metrics: &Metrics, now: Elapsed) -> String {
    let since_sent = lane.stamps.sent.map_or(Duration::ZERO, |sent| now.since(sent));
    let running = figures::clock(since_sent);
    match &lane.phase {
        Phase::Preparing => "getting ready".into(),
        Phase::Waiting => waiting(lane, now, since_sent),
        Phase::Reasoning => format!("reasoning {running}{}{}", thoughts(lane), silence(lane, now)),
        Phase::Writing => format!("writing {running}{}", silence(lane, now)),
        Phase::Finished(reason) => finished(lane, metrics, reason),
        Phase::Truncated => {
            format!("cut off: {}{}", crate::model::ModelError::Truncated.public(), so_far(metrics))
        }
        Phase::Failed(error) => format!("failed: {}{}", error.public(), so_far(metrics)),
        Phase::Stopped(StopCause::Asked) => format!("stopped{}", so_far(metrics)),
        Phase::Stopped(cause) => format!("{}{}", cause.public(), so_far(metrics)),
    }
}

fn waiting(lane: &Lane, now: Elapsed, since_sent: Duration) -> String {
    match lane.stamps.last_byte {
        Some(byte) if now.since(byte) < QUIET => {
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
    if quiet < QUIET { String::new() } else { format!(", no bytes for {}", figures::clock(quiet)) }
}

fn finished(lane: &Lane, metrics: &Metrics, reason: &FinishReason) -> String {
    if lane.answer.trim().is_empty() && !lane.reasoning.is_empty() && reason.is_length() {
        return format!("spent its whole cap on thinking{}", so_far(metrics));
    }
    let Some(total) = metrics.total else { return "done, with an empty answer".into() };
    let tokens = figures::tokens(metrics.output_tokens, metrics.token_count);
    let unit = if metrics.output_tokens == 1 { "token" } else { "tokens" };
    let how = match reason.as_str() {
        "stop" | "eos" | "eos_token" | "end_turn" | "" => String::new(),
        _ if reason.is_length() => ", at its length cap".into(),
        other => format!(", ended by {other}"),
    };
    format!("done {}, {tokens} {unit}{how}", figures::seconds(total))
}

/// What a lane that is over has, when it has something.
fn so_far(metrics: &Metrics) -> String {
    match metrics.output_tokens {
        0 => String::new(),
        n => format!(", {} tokens", figures::tokens(n, metrics.token_count)),
    }
}

fn numbers(lane: &Lane, metrics: &Metrics) -> Option<Numbers> {
    let time = |t: Option<Duration>| t.map_or_else(|| "n/a".into(), figures::seconds);
    lane.phase.is_over().then(|| Numbers {
        ttft: time(metrics.ttft),
        total: time(metrics.total),
        tokens: figures::tokens(metrics.output_tokens, metrics.token_count),
        speed: figures::speed(metrics.tokens_per_second, metrics.token_count),
    })
}

fn note(lane: &Lane) -> Option<String> {
    match &lane.availability {
        Availability::NotListed => {
            Some(format!("{} does not list this model today; it was tried all the same", lane.card.provider))
        }
        Availability::Unreachable(why) if lane.stamps.first_token.is_some() => {
            Some(format!("started on a cold connection ({why}): its first token is late by that"))
        }
        Availability::Unreachable(why) if !lane.phase.is_over() => Some(why.clone()),
        _ => None,
    }
}
