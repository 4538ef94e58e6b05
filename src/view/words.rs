//! The wording that all chat platforms share.

use super::{
    BAR_EIGHTHS, LaneState, LaneView, Numbers, View,
    text::{self, Measure},
};
use crate::{
    model::ModelCard,
    race::{
        Quote, RaceId,
        conversation::FollowUp,
        figures::SPEED_DEFINITION,
        report::{CANNOT_SEE, Report, SatOut},
    },
};

/// The display name of a model, unescaped; never empty.
pub(crate) fn model_name(card: &ModelCard) -> String {
    let known = [card.name.as_str(), card.id.as_str(), "model"];
    known.map(text::one_line).into_iter().find(|name| !name.is_empty()).unwrap_or_default()
}

/// The size of a model; empty if its name has it already.
pub(crate) fn size(card: &ModelCard) -> &str {
    let (name, size) = (model_name(card).to_lowercase(), card.size.to_lowercase());
    if name.split_whitespace().any(|word| word == size) { "" } else { &card.size }
}

/// The number of models in words: "one model", "5 models".
pub(crate) fn models(n: usize) -> String {
    if n == 1 { "one model".to_owned() } else { format!("{n} models") }
}

/// The ways in which a race is continued, at most `max`, with their words. Of more, those that name the last models are
/// left out, and those with all models stay.
pub(crate) fn follow_ups(report: &Report, max: usize) -> Vec<(FollowUp, String)> {
    let mut choices = FollowUp::choices(report);
    let surplus = choices.len().saturating_sub(max);
    let with_all = choices.len().saturating_sub(surplus + 2);
    choices.drain(with_all..with_all + surplus);
    choices
}

/// The models that a sentence about those that sat out names.
const MAX_NAMED: usize = 5;

/// The models that take no part in a race with pictures, in a sentence; `None` if there are none.
pub(crate) fn sat_out(models: &[SatOut]) -> Option<String> {
    let count = models.len().min(MAX_NAMED + usize::from(models.len() == MAX_NAMED + 1));
    let names = models[..count].iter().map(|out| model_name(&out.card));
    let others = Some(models.len() - count).filter(|others| *others > 0);
    let mut parts: Vec<String> = names.chain(others.map(|others| format!("{others} others"))).collect();
    let last = parts.pop()?;
    let who = if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) };
    Some(format!("{who} sat out: {CANNOT_SEE}"))
}

/// The number of models that take no part in a blind race, in a sentence; `None` if there are none.
pub(crate) fn how_many_sat_out(models: usize) -> Option<String> {
    (models > 0).then(|| format!("{} sat out: {CANNOT_SEE}", self::models(models)))
}

/// The lines below a prompt with files: their names, and the models that cannot see them.
pub(crate) fn attached(view: &View) -> Vec<String> {
    files(&view.files).into_iter().chain(view.sat_out.as_deref().map(text::one_line)).collect()
}

/// The names of the attached files in a line, without hostile characters; `None` if there are none.
fn files(names: &[String]) -> Option<String> {
    let names: Vec<String> =
        names.iter().map(|name| text::clipped(&text::one_line(name), 60, Measure::Utf16)).collect();
    (!names.is_empty()).then(|| format!("📎 {}", names.join(", ")))
}

/// The parts that are not empty, in one line.
pub(crate) fn joined(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A suffix that says whether all or some models are simulated; empty if none is.
pub(crate) fn simulated(view: &View) -> &'static str {
    match view.lanes.iter().filter(|lane| lane.simulated).count() {
        0 => "",
        n if n == view.lanes.len() => " · simulated models",
        _ => " · some models simulated",
    }
}

/// Returns true if some lanes are simulated and others are not.
pub(crate) fn is_mixed(view: &View) -> bool {
    view.simulated && view.lanes.iter().any(|lane| !lane.simulated)
}

/// Characters of the name of a message's author, and of a persona.
const MAX_AUTHOR: usize = 40;

/// The author of a quoted message: "quoting ben".
pub(crate) fn quoting(quote: &Quote) -> String {
    let author = text::clipped(&text::one_line(&quote.author), MAX_AUTHOR, Measure::Utf16);
    format!("quoting {}", if author.is_empty() { "a message" } else { &author })
}

/// The address of a quoted message, if it is one that no markup can be hidden in.
pub(crate) fn quoted_url(quote: &Quote) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/.?=&_@-%".contains(c);
    quote.url.as_deref().filter(|url| url.starts_with("https://") && url.chars().all(is_plain))
}

/// The id of a persona, without characters that no id has.
pub(crate) fn persona_id(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(MAX_AUTHOR).collect()
}

/// The definition of the speed in one line of a phone, below a message that has a table of it.
const BRIEF_SPEED_DEFINITION: &str = "tok/s: speed after the first token";

/// The notes below a race: of a final one the definition of the speed and the cost; its persona and its id.
pub(crate) fn notes(view: &View, race: RaceId) -> String {
    let mut parts = vec![];
    if view.is_final() {
        let mut speeds = view.lanes.iter().filter_map(|lane| lane.speed.as_deref());
        let definition = match view.lanes.len() {
            1 => SPEED_DEFINITION,
            _ if speeds.clone().next().is_none() => "",
            _ => BRIEF_SPEED_DEFINITION,
        };
        let estimated = if speeds.any(|speed| speed.contains('≈')) { ", ≈ estimated" } else { "" };
        parts.push(format!("{definition}{estimated}"));
        parts.extend(is_mixed(view).then(|| "* simulated".to_owned()));
        parts.extend(view.cost.clone());
    }
    parts.extend(
        view.circumstances.persona.as_ref().map(|persona| format!("persona: {}", persona_id(persona))),
    );
    parts.push(format!("race {}", race.brief()));
    joined(parts)
}

/// The numbers of a lane in one line.
pub(crate) fn numbers(numbers: &Numbers) -> String {
    let [first, total, tokens, speed] = [&numbers.ttft, &numbers.total, &numbers.tokens, &numbers.speed]
        .map(|figure| text::clipped(&text::one_line(figure), 16, Measure::Utf16));
    format!("first token {first} · total {total} · {tokens} tokens · {speed} tok/s")
}

/// The first `lines` lines of a prompt that are not blank, without hostile characters; ends with an ellipsis if there
/// are more.
pub(crate) fn excerpt(prompt: &str, lines: usize) -> String {
    let plain = text::plain(prompt);
    let mut all = plain.lines().map(text::one_line).filter(|line| !line.is_empty());
    let mut kept: Vec<String> = all.by_ref().take(lines).collect();
    if all.next().is_some()
        && let Some(last) = kept.last_mut()
    {
        last.push_str(" …");
    }
    kept.join("\n")
}

/// A bar of `cells` cells. Empty cells are drawn, since platforms trim spaces at the end of a code span.
pub(crate) fn bar(eighths: u16, cells: u16) -> String {
    let filled = text::bar(eighths.min(BAR_EIGHTHS) * cells * 8 / BAR_EIGHTHS);
    let rest = usize::from(cells) - filled.chars().count();
    filled + &"░".repeat(rest)
}

/// Returns true if the lane is still running.
pub(crate) fn is_writing(lane: &LaneView) -> bool {
    use LaneState::{Failed, Finished, Stopped, Truncated};
    !matches!(lane.state, Finished | Truncated | Failed | Stopped)
}

/// The mark before the status that is shown beside an answer; `None` if the answer needs no status.
pub(crate) fn mark(lane: &LaneView) -> Option<&'static str> {
    match lane.state {
        LaneState::Truncated | LaneState::Failed => Some("⚠️ "),
        LaneState::Stopped => Some("🛑 "),
        _ if lane.answer.trim().is_empty() => Some(""),
        _ => None,
    }
}
