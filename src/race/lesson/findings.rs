//! The kinds of findings. Each looks for its own in a race, and its sentence names only what was seen there.

use std::time::Duration;

use super::{
    Finding,
    field::{Field, Runner, factor, is_before},
    pace,
};
use crate::{
    model::billions,
    race::{
        figures::{seconds, thousands, tokens},
        report::{LaneReport, Report, Status},
    },
};

/// A finding that leaves nothing else to say.
const DECISIVE: f64 = 9.0;
/// A finding about the form that the prompt asks for.
const ON_THE_TASK: f64 = 5.0;

/// Words of a prompt that takes noticeable time to read.
const MIN_LONG_PROMPT_WORDS: usize = 200;
/// A shorter pause for thought isn't worth a sentence.
const MIN_THINKING: Duration = Duration::from_secs(3);
/// A shorter wait for the first token isn't worth a sentence.
const MIN_LONG_WAIT: Duration = Duration::from_secs(3);
/// A model of at least this many times the size is much bigger.
const MIN_SIZE_FACTOR: f64 = 8.0;
/// It is remarkable if such a model writes faster by this factor.
const MIN_SPEED_FACTOR: f64 = 1.2;
/// An answer of this many times the tokens of another is long.
const MIN_LENGTH_FACTOR: f64 = 6.0;

type Kind = fn(&Field<'_>) -> Option<Finding>;

/// All kinds. For every race with two lanes at least one finds something.
pub(super) const KINDS: [Kind; 16] = [
    nothing_finished,
    nothing_measured,
    one_finished,
    limit_spent_on_thinking,
    form_kept_by_some,
    long_prompt,
    specialist,
    short_answer_wins,
    price_of_thinking,
    done_before_others_began,
    bigger_is_faster,
    long_wait,
    long_answer,
    pace::overtaking,
    pace::one_was_best_at_both,
    pace::began_together,
];

fn found(weight: f64, text: String) -> Finding {
    Finding { weight, text }
}

fn nothing_finished(field: &Field<'_>) -> Option<Finding> {
    if !field.finished.is_empty() {
        return None;
    }
    let is_stopped = field.report.lanes.iter().any(|lane| matches!(lane.status, Status::Stopped(_)));
    let text = if is_stopped {
        "The race was stopped before any model finished."
    } else {
        "No model finished, so there is nothing to compare."
    };
    Some(found(DECISIVE, text.into()))
}

fn nothing_measured(field: &Field<'_>) -> Option<Finding> {
    let is_met = !field.finished.is_empty() && field.runners.is_empty();
    is_met.then_some(())?;
    Some(found(DECISIVE, "No answer arrived in enough pieces to measure its speed.".into()))
}

fn one_finished(field: &Field<'_>) -> Option<Finding> {
    let [only] = field.runners.as_slice() else { return None };
    Some(found(DECISIVE, format!("Only {} finished with a speed to compare.", only.name())))
}

fn limit_spent_on_thinking(field: &Field<'_>) -> Option<Finding> {
    let lane = field.finished.iter().find(|lane| lane.spent_on_thinking())?;
    let spent = tokens(lane.metrics.output_tokens, lane.metrics.token_count);
    Some(found(
        ON_THE_TASK + 1.0,
        format!(
            "{} spent its limit of {spent} tokens on thinking and never began its answer.",
            lane.card.name
        ),
    ))
}

/// Bare JSON was asked for, and not every answer is that.
fn form_kept_by_some(field: &Field<'_>) -> Option<Finding> {
    if !asks_for_bare_json(&field.report.prompt) || field.finished.len() < 2 {
        return None;
    }
    let (bare, other): (Vec<&LaneReport>, Vec<_>) =
        field.finished.iter().partition(|lane| is_json(&lane.answer));
    let text = match (bare.len(), other.as_slice()) {
        (_, []) => return None,
        (0, _) => "Bare JSON was asked for, but no answer is just that.".into(),
        (n, [a]) => {
            format!("{n} answers are the bare JSON that was asked for; that of {} isn't.", a.card.name)
        }
        (1, _) => format!("Only {} sent the bare JSON that was asked for.", bare[0].card.name),
        (n, [a, b]) => format!(
            "{n} answers are the bare JSON that was asked for; those of {} and {} aren't.",
            a.card.name, b.card.name
        ),
        (n, others) => {
            format!("{n} answers are the bare JSON that was asked for; the other {} aren't.", others.len())
        }
    };
    Some(found(ON_THE_TASK, text))
}

fn asks_for_bare_json(prompt: &str) -> bool {
    let prompt = prompt.to_lowercase();
    let excludes =
        ["only", "nothing but", "nothing else", "no other text", "no prose", "just the json", "just json"];
    prompt.contains("json") && excludes.iter().any(|words| prompt.contains(words))
}

fn is_json(answer: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(answer.trim())
        .is_ok_and(|value| value.is_object() || value.is_array())
}

/// The prompt is long, and longer than every answer.
fn long_prompt(field: &Field<'_>) -> Option<Finding> {
    let words = word_count(&field.report.prompt);
    let is_read_more_than_written =
        words >= MIN_LONG_PROMPT_WORDS && field.finished.iter().all(|lane| word_count(&lane.answer) < words);
    let (early, late) = (
        field.runners.iter().min_by_key(|runner| runner.ttft)?,
        field.runners.iter().max_by_key(|runner| runner.ttft)?,
    );
    (is_read_more_than_written && is_before(early.ttft, late.ttft)).then_some(())?;
    Some(found(
        1.2 + doublings(words, MIN_LONG_PROMPT_WORDS * 3 / 4),
        format!(
            "First came {} words to read: {} began after {}, {} after {}.",
            thousands(words as u64),
            early.name(),
            early.spoke(),
            late.name(),
            late.spoke()
        ),
    ))
}

/// The answers are programs, and the one model made for programming needed the fewest tokens.
fn specialist(field: &Field<'_>) -> Option<Finding> {
    let programs = field.finished.iter().filter(|lane| lane.answer.contains("```")).count();
    let mut specialists = field.runners.iter().filter(|runner| is_made_for_programming(runner.lane));
    let (Some(specialist), None) = (specialists.next(), specialists.next()) else { return None };
    let is_shortest = field.runners.iter().all(|runner| runner.tokens() >= specialist.tokens());
    (programs * 2 > field.finished.len() && is_shortest).then_some(())?;
    let overtaken = field.runners.iter().filter(|runner| runner.lane.reasoning.is_empty());
    let overtaken = overtaken.filter(|runner| lost_by_length(specialist, runner));
    let generalist = overtaken.max_by(|a, b| a.speed.total_cmp(&b.speed))?;
    Some(found(
        1.5 + log2(ratio(generalist.tokens(), specialist.tokens())),
        format!(
            "{}, made for programming, was done before {}, a faster writer: {} tokens against {}.",
            specialist.name(),
            generalist.name(),
            specialist.tokens_text(),
            generalist.tokens_text()
        ),
    ))
}

fn is_made_for_programming(lane: &LaneReport) -> bool {
    let best_for = lane.card.best_for.to_lowercase();
    ["programming", "coding", "code"].iter().any(|word| best_for.contains(word))
}

/// A slower writer that also started later was done first, because it wrote less.
fn short_answer_wins(field: &Field<'_>) -> Option<Finding> {
    let pairs =
        field.pairs().filter(|(short, long)| long.lane.reasoning.is_empty() && lost_by_length(short, long));
    let (short, long) = pairs.max_by(|a, b| length_factor(a).total_cmp(&length_factor(b)))?;
    Some(found(
        0.8 + log2(length_factor(&(short, long)) / 2.0),
        format!(
            "{} wrote slower than {} but was done earlier: {} tokens against {}.",
            short.name(),
            long.name(),
            short.tokens_text(),
            long.tokens_text()
        ),
    ))
}

fn lost_by_length(short: &Runner<'_>, long: &Runner<'_>) -> bool {
    long.writes_faster_than(short)
        && is_before(long.ttft, short.ttft)
        && is_before(short.total, long.total)
        && short.tokens() < long.tokens()
}

fn length_factor((short, long): &(Runner<'_>, Runner<'_>)) -> f64 {
    ratio(long.tokens(), short.tokens())
}

fn price_of_thinking(field: &Field<'_>) -> Option<Finding> {
    let thinker = field.runners.iter().max_by_key(|runner| runner.thought())?;
    let other = field.quickest().filter(|other| is_before(other.total, thinker.ttft + thinker.thought()))?;
    let thought = thinker.thought();
    (thought >= MIN_THINKING).then_some(())?;
    let writing = thinker.total.saturating_sub(thinker.ttft + thought).max(Duration::from_millis(100));
    let spent = thinker.lane.metrics.reasoning_tokens.filter(|n| *n > 0);
    let spent = spent.map(|n| format!(" ({} tokens)", tokens(n, thinker.lane.metrics.token_count)));
    Some(found(
        1.0 + log2(thought.as_secs_f64() / writing.as_secs_f64()),
        format!(
            "{} thought for {}{} before its answer; {} was done after {}.",
            thinker.name(),
            seconds(thought),
            spent.unwrap_or_default(),
            other.name(),
            seconds(other.total)
        ),
    ))
}

/// One answer was complete before most of the others had begun.
fn done_before_others_began(field: &Field<'_>) -> Option<Finding> {
    let quickest = field.quickest()?;
    let late: Vec<&Runner<'_>> =
        field.runners.iter().filter(|runner| is_before(quickest.total, runner.ttft)).collect();
    (late.len() * 2 >= field.runners.len()).then_some(())?;
    let others = match late.as_slice() {
        [only] => only.name().to_owned(),
        several => format!("{} others", several.len()),
    };
    Some(found(
        1.0 + doublings(late.len(), 1),
        format!(
            "{} was done after {}, before {others} began: short answers reward a quick start.",
            quickest.name(),
            seconds(quickest.total)
        ),
    ))
}

/// The faster and the slower writer of the most unequal pair in which the much bigger model was faster.
pub(super) fn fast_giant<'a>(report: &'a Report) -> Option<(Runner<'a>, Runner<'a>, f64)> {
    let sizes = |(big, small): (Runner<'a>, Runner<'a>)| {
        let factor = billions(&big.lane.card.size)? / billions(&small.lane.card.size)?;
        let is_striking = factor >= MIN_SIZE_FACTOR && big.speed / small.speed >= MIN_SPEED_FACTOR;
        is_striking.then_some((big, small, factor))
    };
    Field::of(report).pairs().filter_map(sizes).max_by(|a, b| a.2.total_cmp(&b.2))
}

fn bigger_is_faster(field: &Field<'_>) -> Option<Finding> {
    let (big, small, size) = fast_giant(field.report)?;
    Some(found(
        1.0 + log2(big.speed / small.speed / MIN_SPEED_FACTOR),
        format!(
            "{} is {} times the size of {}, yet it wrote {} times as fast.",
            big.name(),
            factor(size),
            small.name(),
            big.speed_factor(&small)
        ),
    ))
}

/// One model took longer to begin than another for its whole answer.
fn long_wait(field: &Field<'_>) -> Option<Finding> {
    let late = field.runners.iter().max_by_key(|runner| runner.ttft)?;
    let other = field.quickest().filter(|other| is_before(other.total, late.ttft))?;
    (late.ttft >= MIN_LONG_WAIT).then_some(())?;
    Some(found(
        1.3 + log2(late.ttft.as_secs_f64() / MIN_LONG_WAIT.as_secs_f64()),
        format!(
            "{} only began after {}; {} was done after {}.",
            late.name(),
            late.spoke(),
            other.name(),
            seconds(other.total)
        ),
    ))
}

fn long_answer(field: &Field<'_>) -> Option<Finding> {
    let long = field.runners.iter().max_by_key(|runner| runner.tokens())?;
    let short = field.runners.iter().min_by_key(|runner| runner.tokens())?;
    let times = ratio(long.tokens(), short.tokens());
    (times >= MIN_LENGTH_FACTOR).then_some(())?;
    Some(found(
        1.0 + log2(times / MIN_LENGTH_FACTOR),
        format!(
            "{} used {} tokens, {} only {}, for the same question.",
            long.name(),
            long.tokens_text(),
            short.name(),
            short.tokens_text()
        ),
    ))
}

fn word_count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The number of times that `threshold` doubles up to `n`.
fn doublings(n: usize, threshold: usize) -> f64 {
    log2(ratio(n as u64, threshold as u64))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

/// The binary logarithm of a ratio, within what a weight may differ by.
pub(super) fn log2(ratio: f64) -> f64 {
    ratio.log2().clamp(-3.0, 3.0)
}
