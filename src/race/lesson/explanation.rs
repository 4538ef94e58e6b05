//! The explanation of a race: the paragraphs that fit it.

use super::{
    field::{Field, Runner, factor, names},
    findings::fast_giant,
};
use crate::race::{
    arrivals::SpeedNote,
    figures::{seconds, speed, thousands, tokens},
    metrics::TokenCount,
    report::{LaneReport, Report},
};

/// The explanation, one element per paragraph. Never empty.
#[must_use]
pub fn explanation(report: &Report) -> Vec<String> {
    let mut paragraphs = vec![];
    paragraphs.extend(start_against_speed(report));
    paragraphs.extend(size_against_speed(report));
    paragraphs.extend(report.lanes.iter().filter_map(cost_of_reasoning));
    paragraphs.extend(strengths(report));
    paragraphs.extend(incomplete(report));
    paragraphs.extend(report.lanes.iter().filter_map(speed_caveat));
    paragraphs.extend(report.lanes.iter().filter_map(other_model));
    paragraphs.push(method(report));
    paragraphs
}

fn start_against_speed(report: &Report) -> Option<String> {
    let field = Field::of(report);
    let first = field.first_to_speak();
    let (fastest, _) = field.extremes()?;
    let written = |runner: &Runner<'_>| speed(Some(runner.speed), runner.lane.metrics.token_count);
    let [first] = first[..] else {
        let names = names(first.iter().map(Runner::name));
        return Some(format!(
            "The first token and the writing speed are measured apart. {names} began too close together to call; \
             {} then wrote fastest, at {} tok/s.",
            fastest.name(),
            written(&fastest)
        ));
    };
    let (a, b) = (first.name(), fastest.name());
    if first.is_same(&fastest) {
        return Some(format!(
            "Starting early and writing fast are two different things. {a} had the best of both here: {} to the \
             first token, then {} tok/s.",
            first.spoke(),
            written(&first),
        ));
    }
    let ahead = first.overtaken_by(&fastest).map_or_else(String::new, |token| {
        format!(
            " From token {} on, {b} was ahead: at these speeds {a} finishes shorter answers sooner, {b} longer ones.",
            thousands(token)
        )
    });
    Some(format!(
        "Starting early and writing fast are two different things. {a} needed {} to its first token and then wrote \
         {} tok/s; {b} needed {} and wrote {} tok/s.{ahead}",
        first.spoke(),
        written(&first),
        fastest.spoke(),
        written(&fastest),
    ))
}

/// The reasons why a much bigger model can be faster, if that was seen.
fn size_against_speed(report: &Report) -> Option<String> {
    let (big, small, size) = fast_giant(report)?;
    Some(format!(
        "Bigger isn't always slower. {a} is {} times the size of {b} but wrote {} times as fast. Two things make that \
         possible. Many large models are a mixture of experts: only a small part of the model works on each token, so a \
         120B model of that kind may calculate with about 5B. And providers run large models on more and faster \
         hardware, while a small one may get a slower machine or share it with others.",
        factor(size),
        big.speed_factor(&small),
        a = big.name(),
        b = small.name(),
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
    let with_strengths =
        order.iter().map(|&i| &report.lanes[i].card).filter(|card| !card.best_for.is_empty());
    let list: Vec<String> = with_strengths
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
        "How it was measured: every model got the prompt at the same moment, over a connection of its own that was \
         already open, and each piece of an answer was timed when it arrived. Speed is the tokens after the first \
         ones, divided by the time in which they arrived. Token counts come from the servers",
    );
    let estimated = report.lanes.iter().any(|lane| lane.metrics.token_count == TokenCount::Estimated);
    text.push_str(if estimated { ", or are estimated where a server reported none (≈)." } else { "." });
    text.push_str(" Each model ran once: the next race may differ.");
    if report.simulated() {
        text.push_str(" Simulated models are only a show: their numbers say nothing about real ones.");
    }
    text
}
