//! The lesson of a race, computed from its own numbers: one line for the message, and an explanation on request.
//! Without two comparable lanes there is no lesson.

use std::time::Duration;

use super::{
    arrivals::SpeedNote,
    figures::{seconds, speed, thousands, tokens},
    metrics::TokenCount,
    report::{LaneReport, Report, Status},
};

/// Speeds that differ by less than this share are a tie: a single run each cannot resolve more, and the shown factor
/// would be "1.0 times".
const TIE_MARGIN: f64 = 0.05;

/// The token after which the faster of two lanes overtakes the one that started first:
/// `ttft_1 + (n - 1) / v_1 = ttft_2 + (n - 1) / v_2`, rounded up. `None` unless `slow` started first and
/// `fast` writes faster.
#[must_use]
pub fn crossover(slow: (Duration, f64), fast: (Duration, f64)) -> Option<u64> {
    let head_start = fast.0.as_secs_f64() - slow.0.as_secs_f64();
    let gain = 1.0 / slow.1 - 1.0 / fast.1;
    let n = 1.0 + head_start / gain;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    (head_start >= 0.0 && gain > 0.0 && n < 1e9).then(|| n.ceil() as u64)
}

/// One line for the message; `None` for a race of one lane.
#[must_use]
pub fn line(report: &Report) -> Option<String> {
    if report.lanes.len() < 2 {
        return None;
    }
    let podium = report.podium();
    Some(match podium.as_slice() {
        [] => no_speed(report),
        [(only, _)] => format!("Only {} finished with a speed to compare.", only.card.name),
        [(fastest, v), .., (slowest, w)] => match first_to_speak(&podium) {
            Some((first, u)) if first.card.id != fastest.card.id => split((first, u), (fastest, *v)),
            _ => sweep((fastest, *v), (slowest, *w)),
        },
    })
}

fn no_speed(report: &Report) -> String {
    let stopped = report.lanes.iter().filter(|lane| matches!(lane.status, Status::Stopped(_))).count();
    match stopped {
        0 => "No lane finished with a speed to compare.".into(),
        _ => "The race was stopped before any lane finished.".into(),
    }
}

type Runner<'a> = (&'a LaneReport, f64);

/// The finished lane with the earliest first token.
fn first_to_speak<'a>(podium: &[Runner<'a>]) -> Option<Runner<'a>> {
    podium.iter().copied().min_by_key(|(lane, _)| lane.metrics.ttft)
}

/// The line if one lane spoke first and another wrote fastest.
fn split((first, u): Runner<'_>, (fastest, v): Runner<'_>) -> String {
    let (a, b) = (&first.card.name, &fastest.card.name);
    let spoke = seconds(first.metrics.ttft.unwrap_or_default());
    if v / u - 1.0 < TIE_MARGIN {
        return format!("{a} spoke first ({spoke}); in writing speed {a} and {b} are too close to call.");
    }
    let ahead = crossover(start(first, u), start(fastest, v))
        .map(|n| format!(": past {} tokens it is ahead", thousands(n)))
        .unwrap_or_default();
    format!("{a} spoke first ({spoke}) but {b} wrote {:.1} times faster{ahead}.", v / u)
}

/// The line if one lane did both.
fn sweep((fastest, v): Runner<'_>, (slowest, w): Runner<'_>) -> String {
    let (a, b) = (&fastest.card.name, &slowest.card.name);
    let spoke = seconds(fastest.metrics.ttft.unwrap_or_default());
    if v / w - 1.0 < TIE_MARGIN {
        return format!("{a} spoke first ({spoke}); in writing speed all are too close to call.");
    }
    format!("{a} spoke first ({spoke}) and wrote fastest: {:.1} times the speed of {b}.", v / w)
}

fn start(lane: &LaneReport, speed: f64) -> (Duration, f64) {
    (lane.metrics.ttft.unwrap_or_default(), speed)
}

/// The explanation, one element per paragraph. Never empty.
#[must_use]
pub fn explanation(report: &Report) -> Vec<String> {
    let mut paragraphs = vec![];
    paragraphs.extend(latency_against_throughput(report));
    paragraphs.extend(report.lanes.iter().filter_map(cost_of_reasoning));
    paragraphs.extend(strengths(report));
    paragraphs.extend(incomplete(report));
    paragraphs.extend(report.lanes.iter().filter_map(speed_caveat));
    paragraphs.extend(report.lanes.iter().filter_map(other_model));
    paragraphs.push(method(report));
    paragraphs
}

fn latency_against_throughput(report: &Report) -> Option<String> {
    let podium = report.podium();
    let (first, u) = first_to_speak(&podium)?;
    let &(fastest, v) = podium.first()?;
    let ttft = |lane: &LaneReport| seconds(lane.metrics.ttft.unwrap_or_default());
    if first.card.id == fastest.card.id {
        return Some(format!(
            "Latency is the wait for the first token, throughput the speed after it. {} had the best of both \
             here: {} to the first token, then {} tok/s.",
            first.card.name,
            ttft(first),
            speed(Some(u), first.metrics.token_count),
        ));
    }
    let (a, b) = (&first.card.name, &fastest.card.name);
    let ahead = crossover(start(first, u), start(fastest, v)).map_or_else(String::new, |n| {
        format!(
            " The lines cross at token {}: for shorter answers {a} finishes sooner, for longer ones {b}.",
            thousands(n)
        )
    });
    Some(format!(
        "Latency and throughput differ. {a} needed {} to its first token and then wrote {} tok/s; {b} \
         needed {} and wrote {} tok/s.{ahead}",
        ttft(first),
        speed(Some(u), first.metrics.token_count),
        ttft(fastest),
        speed(Some(v), fastest.metrics.token_count),
    ))
}

fn cost_of_reasoning(lane: &LaneReport) -> Option<String> {
    if lane.reasoning.is_empty() {
        return None;
    }
    let name = &lane.card.name;
    let spent = match lane.metrics.reasoning_tokens {
        Some(n) if n > 0 => format!(" in {} tokens", tokens(n, TokenCount::Usage)),
        _ => String::new(),
    };
    match (lane.metrics.ttft, lane.metrics.ttfa) {
        (Some(token), Some(answer)) => Some(format!(
            "{name} thought for {}{spent} before its first word of the answer: its first token came after {}, \
             its answer after {}. Those tokens are generated, timed and paid for like any others.",
            seconds(answer.saturating_sub(token)),
            seconds(token),
            seconds(answer),
        )),
        _ if lane.spent_on_thinking() => {
            Some(format!("{name} spent its whole output cap on reasoning{spent} and never got to an answer."))
        }
        _ => Some(format!("{name} was still thinking{spent} when it ended.")),
    }
}

fn strengths(report: &Report) -> Option<String> {
    let order = report.order();
    let described = order.iter().map(|&i| &report.lanes[i].card).filter(|card| !card.best_for.is_empty());
    let list: Vec<String> = described
        .map(|card| match card.size.as_str() {
            "" => format!("{} for {}", card.name, card.best_for),
            size => format!("{} ({size}) for {}", card.name, card.best_for),
        })
        .collect();
    (!list.is_empty()).then(|| {
        format!(
            "Speed isn't everything. Each model's strengths: {}. Compare the answers, too.",
            list.join("; ")
        )
    })
}

fn incomplete(report: &Report) -> Option<String> {
    let names: Vec<&str> = report
        .lanes
        .iter()
        .filter(|lane| !lane.status.is_finished())
        .map(|lane| lane.card.name.as_str())
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Incomplete: {}. That says something about availability, but nothing about speed.",
            names.join(", ")
        )
    })
}

/// Explains a missing speed, or one that the server corrected.
fn speed_caveat(lane: &LaneReport) -> Option<String> {
    let (name, metrics) = (&lane.card.name, &lane.metrics);
    let note = metrics.speed_note.filter(|_| lane.status.is_finished() && metrics.output_tokens > 0)?;
    let server = metrics.server_tokens_per_second.map(|server| speed(Some(server), TokenCount::Usage));
    Some(match (note, server) {
        (SpeedNote::ServerIsSlower, Some(server)) => format!(
            "{name} has its server's own speed, {server} tok/s: its tokens arrived faster than they were written, \
             because the server wrote tokens that it did not send or held some back."
        ),
        (SpeedNote::CountRejected, _) => format!("{name}: {}.", note.public()),
        (_, Some(server)) => {
            format!("{name} has no speed to compare ({}). Its server says {server} tok/s.", note.public())
        }
        (_, None) => format!("{name} has no speed to compare ({}).", note.public()),
    })
}

/// Names the model that answered in place of the one that was asked for.
fn other_model(lane: &LaneReport) -> Option<String> {
    let served = lane.served.as_ref().filter(|served| served.is_other)?;
    Some(format!(
        "{} was answered by {}: the provider or a gateway replaced the model, so this lane says nothing about it.",
        lane.card.name, served.name
    ))
}

fn method(report: &Report) -> String {
    let mut text = String::from(
        "How it was measured: every model got the prompt at the same moment, over its own connection, which had \
         been opened before; the answers arrived as server-sent events, timestamped when they were read. \
         Speed is the tokens after the first arrival, divided by the time in which they arrived. Token counts come \
         from the servers",
    );
    let estimated = report.lanes.iter().any(|lane| lane.metrics.token_count == TokenCount::Estimated);
    text.push_str(if estimated { ", or are estimated where a server reported none (≈)." } else { "." });
    text.push_str(" Each model ran once: the next race may differ.");
    if report.simulated() {
        text.push_str(" Simulated models are only a show: their numbers say nothing about real ones.");
    }
    text
}
