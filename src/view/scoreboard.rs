//! A race as a scoreboard: the result in one line, a table of the numbers, and the beginning or newest end of each
//! answer in two lines. All of it is plain text, for each platform to escape.
//!
//! A channel is shared space: with five models the whole message is about one and a half phone screens high.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{
    LaneState, LaneView, Numbers, Progress, View,
    text::{ELLIPSIS, Keep, Measure, cells, one_line, plain, window},
    vote,
    words::{self, joined, model_name},
};
use crate::race::event::StopCause;

/// Columns of a model's name in the table.
const NAME_COLUMNS: usize = 12;
/// Columns of the numbers in the table: first token, tokens, tokens per second.
const NUMBER_COLUMNS: [usize; 3] = [4, 4, 5];
/// The columns of two lines of an answer on a phone, beside the name of its model.
const EXCERPT_COLUMNS: usize = 76;
/// The longest part of an answer from which an excerpt is made.
const EXCERPT_SOURCE: usize = 800;
/// The models with an excerpt: as many as keep the message short enough to scroll past.
pub(crate) const MAX_EXCERPTS: usize = 8;

/// The result of a final race in one line, or its prompt while it is live, with an icon.
pub(crate) fn headline(view: &View) -> (&'static str, String) {
    match view.progress {
        Progress::Live if view.vote.is_some() => ("🙈", words::excerpt(&view.prompt, 1)),
        Progress::Live => ("⚔️", words::excerpt(&view.prompt, 1)),
        Progress::Voting => ("🗳️", "Which answer is best?".to_owned()),
        Progress::Interrupted => ("🔌", stopped(view)),
        Progress::Stopped => ("🛑", stopped(view)),
        Progress::Done => done(view),
    }
}

fn done(view: &View) -> (&'static str, String) {
    let finished = count(view, LaneState::Finished);
    let (lanes, models) = (view.lanes.len(), words::models(view.lanes.len()));
    if let Some(result) = vote::result(view) {
        return ("🗳️", result);
    }
    if let Some(winner) = winner(view) {
        return ("🏁", winner);
    }
    if finished == lanes {
        return ("🏁", format!("{} answered", capitalized(&models)));
    }
    if finished > 0 {
        return ("🏁", format!("{finished} of {models} answered"));
    }
    let failed = count(view, LaneState::Failed);
    let who = match lanes {
        1 => name_of(view.lanes.first()),
        2 => "Both models".to_owned(),
        _ => format!("All {models}"),
    };
    let verb = if failed == lanes { "failed" } else { "failed or were cut off" };
    let cause = common_cause(view).map(|cause| format!(": {cause}")).unwrap_or_default();
    ("⚠️", format!("{who} {verb}{cause}"))
}

/// The cause of a race that was ended, and how far it got.
fn stopped(view: &View) -> String {
    let cause = match view.stopped {
        Some(StopCause::Restart) => "Interrupted by a restart",
        Some(StopCause::CutOff) => "Interrupted: the service lost its database",
        Some(StopCause::Frozen) => "Stopped: this message could not be edited any longer",
        Some(StopCause::Deleted) => "Stopped: its message was deleted",
        Some(StopCause::Asked | StopCause::TooLate) | None => "Stopped",
    };
    match (view.lanes.len(), count(view, LaneState::Finished)) {
        (0 | 1, _) => cause.to_owned(),
        (lanes, finished) => format!("{cause} · {finished} of {lanes} had finished"),
    }
}

/// The fastest lane that finished and its speed, or those that show the same speed.
fn winner(view: &View) -> Option<String> {
    let lanes = view.ranked().map(|(_, lane)| lane);
    let mut lanes = lanes.filter(|lane| lane.state == LaneState::Finished && lane.speed.is_some());
    let first = lanes.next()?;
    let (name, speed) = (model_name(&first.card), first.speed.as_deref()?);
    let tied: Vec<_> = lanes.filter(|lane| lane.speed == first.speed).collect();
    Some(match tied.as_slice() {
        _ if view.lanes.len() == 1 => format!("{name}: {speed}"),
        [] => format!("{name} wrote fastest: {speed}"),
        [other] => format!("{name} and {} tied at {speed}", model_name(&other.card)),
        others => format!("{} tied at {speed}", capitalized(&words::models(others.len() + 1))),
    })
}

/// The failure that all lanes share, without the number of their tokens.
fn common_cause(view: &View) -> Option<String> {
    let mut causes = view.lanes.iter().map(|lane| lane.status.strip_prefix("failed: "));
    let first = causes.next()??;
    causes.all(|cause| cause == Some(first)).then(|| first.to_owned())
}

fn count(view: &View, state: LaneState) -> usize {
    view.lanes.iter().filter(|lane| lane.state == state).count()
}

fn name_of(lane: Option<&LaneView>) -> String {
    lane.map_or_else(|| "The model".to_owned(), |lane| model_name(&lane.card))
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The asker, the author of the quoted message, whether models are simulated, and while the race is live its duration:
/// "ana · quoting ben · simulated models · 2.1 s".
pub(crate) fn byline(view: &View) -> String {
    let asker = one_line(&view.asker);
    let asker = if asker.is_empty() { "someone".to_owned() } else { asker };
    let simulated = words::simulated(view).trim_start_matches(" · ").to_owned();
    let quoting = view.circumstances.quote.as_ref().map(words::quoting).unwrap_or_default();
    let notes = view.notes.iter().map(|note| one_line(note));
    joined([asker, quoting, simulated, view.elapsed.clone().unwrap_or_default()].into_iter().chain(notes))
}

/// The header line and one line per lane, best first: 28 columns.
pub(crate) fn table(view: &View) -> (String, Vec<String>) {
    let line = |name: &str, numbers: &[String; 3]| {
        let padded =
            numbers.iter().zip(NUMBER_COLUMNS).map(|(number, width)| format!(" {}", right(number, width)));
        cells(name, NAME_COLUMNS) + &padded.collect::<String>()
    };
    let names = names(view, NAME_COLUMNS);
    let lanes = view.ranked().map(|(i, lane)| match (&lane.numbers, lane.state) {
        (_, LaneState::Failed) | (None, _) => {
            let width = NUMBER_COLUMNS.iter().sum::<usize>() + NUMBER_COLUMNS.len();
            cells(&names[i], NAME_COLUMNS) + &right(&lane.brief, width)
        }
        (Some(Numbers { columns, .. }), _) => line(&names[i], columns),
    });
    (line("", &["1st", "tok", "tok/s"].map(str::to_owned)), lanes.collect())
}

/// `text` cut or padded to `columns`, at the right.
fn right(text: &str, columns: usize) -> String {
    let kept = cells(text, columns);
    let kept = kept.trim_end();
    " ".repeat(columns.saturating_sub(kept.width())) + kept
}

/// The names of all lanes in at most `columns`, distinct where the names themselves are.
pub(crate) fn names(view: &View, columns: usize) -> Vec<String> {
    let names: Vec<String> = view.lanes.iter().map(|lane| label(lane, view)).collect();
    let clips = (0..=columns.saturating_sub(2))
        .map(|tail| names.iter().map(|name| clipped_between(name, columns, tail)).collect::<Vec<String>>());
    let distinct = |names: &[String]| names.iter().collect::<HashSet<_>>().len();
    // the first of the clips with the most different names
    clips.rev().max_by_key(|clip| distinct(clip)).unwrap_or(names)
}

/// `text` cut to `columns`, of which `tail` are its end, with an ellipsis where it was cut.
fn clipped_between(text: &str, columns: usize, tail: usize) -> String {
    if text.width() <= columns || tail == 0 {
        return clipped(text, columns, Keep::Head);
    }
    let end = clipped(text, tail + 2, Keep::Tail);
    let end = end.trim_start_matches(ELLIPSIS).trim_start();
    clipped(text, columns.saturating_sub(end.width()), Keep::Head) + end
}

/// The name of a lane, with a mark if it is simulated and others are not.
fn label(lane: &LaneView, view: &View) -> String {
    let mark = if lane.simulated && words::is_mixed(view) { "*" } else { "" };
    format!("{mark}{}", model_name(&lane.card))
}

/// Two lines about a lane, beside its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// A note beside the answer, such as a failure; may be empty.
    pub(crate) words: String,
    /// The beginning of the answer, or its newest end while the lane is running; may be empty.
    pub(crate) answer: String,
}

/// The excerpts of the first [`MAX_EXCERPTS`] lanes that have something to say, best first, and the number of the others.
pub(crate) fn excerpts(view: &View) -> (Vec<(&LaneView, Excerpt)>, usize) {
    excerpts_within(view, EXCERPT_COLUMNS)
}

/// Like [`excerpts`], each in at most `columns` with the name of its model.
pub(crate) fn excerpts_within(view: &View, columns: usize) -> (Vec<(&LaneView, Excerpt)>, usize) {
    let mut all: Vec<_> =
        view.ranked().filter_map(|(_, lane)| Some((lane, excerpt(lane, columns)?))).collect();
    let others = all.len().saturating_sub(MAX_EXCERPTS);
    all.truncate(MAX_EXCERPTS);
    (all, others)
}

/// The excerpt of a lane; `None` if there is nothing to say about it yet.
fn excerpt(lane: &LaneView, columns: usize) -> Option<Excerpt> {
    let is_running = words::is_writing(lane);
    // the headline has the cause
    let status = if lane.state == LaneState::Stopped { "stopped" } else { &lane.status };
    let status = words::mark(lane).filter(|_| !is_running).map(|mark| format!("{mark}{status}"));
    let said = [status.unwrap_or_default(), lane.note.clone().unwrap_or_default()];
    let words = clipped(&one_line(&joined(said)), columns, Keep::Head);
    let room = columns.saturating_sub(words.width() + model_name(&lane.card).width());
    let keep = if is_running { Keep::Tail } else { Keep::Head };
    let (source, is_cut) = window(&lane.answer, EXCERPT_SOURCE, Measure::Chars, keep);
    let mut answer = flattened(source);
    if is_cut && keep == Keep::Head {
        answer.push_str(ELLIPSIS);
    }
    if is_running && !answer.is_empty() {
        answer.push('▌');
    }
    let answer = if room < 12 { String::new() } else { clipped(&answer, room, keep) };
    (!words.is_empty() || !answer.is_empty()).then_some(Excerpt { words, answer })
}

/// The beginning of an answer as one line of plain text, in at most `columns`.
pub(crate) fn beginning(answer: &str, columns: usize) -> String {
    let (source, is_cut) = window(answer, EXCERPT_SOURCE, Measure::Chars, Keep::Head);
    let end = if is_cut { ELLIPSIS } else { "" };
    clipped(&(flattened(source) + end), columns, Keep::Head)
}

/// Markdown as one line of plain text, without its marks.
fn flattened(markdown: &str) -> String {
    let plain = plain(markdown);
    let lines = plain.lines().filter(|line| !is_rule(line));
    one_line(&lines.map(line_without_marks).collect::<Vec<_>>().join(" "))
}

/// True for a line that only separates: a code fence, a horizontal rule, the rule of a table.
fn is_rule(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
    let is_fence = line.starts_with("```") || line.starts_with("~~~");
    is_fence || (line.len() >= 3 && line.chars().all(|c| "-*_=|: ".contains(c)))
}

fn line_without_marks(line: &str) -> String {
    let line = line.trim_start_matches([' ', '\t', '>']);
    let line = match line.trim_start_matches('#') {
        heading if heading.len() < line.len() && heading.starts_with(' ') => heading.trim(),
        _ => line,
    };
    let line = ["- ", "* ", "+ "]
        .iter()
        .find_map(|bullet| line.strip_prefix(bullet))
        .map_or_else(|| line.to_owned(), |item| format!("• {item}"));
    let line = if line.starts_with('|') { line.trim_matches(['|', ' ']).replace('|', "·") } else { line };
    without_emphasis(&line.replace("**", "").replace('`', ""))
}

/// Drops the asterisks that stand at one side of a word.
fn without_emphasis(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_word = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphanumeric());
    let kept = chars
        .iter()
        .enumerate()
        .filter(|(i, c)| **c != '*' || is_word(i.checked_sub(1)) == is_word(i.checked_add(1)));
    kept.map(|(_, c)| c).collect()
}

/// `text` cut to `columns`, with an ellipsis where it was cut.
fn clipped(text: &str, columns: usize, keep: Keep) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(ELLIPSIS.width());
    let mut fits = |grapheme: &&str| {
        let left = room.checked_sub(grapheme.width());
        room = left.unwrap_or(0);
        left.is_some()
    };
    match keep {
        Keep::Head => {
            let kept: String = text.graphemes(true).take_while(&mut fits).collect();
            format!("{}{ELLIPSIS}", kept.trim_end())
        }
        Keep::Tail => {
            let length: usize = text.graphemes(true).rev().take_while(&mut fits).map(str::len).sum();
            format!("{ELLIPSIS} {}", text[text.len() - length..].trim_start())
        }
    }
}

/// The whole race in sentences, for notifications and screen readers: the result, then each model's numbers, then for
/// one model the beginning of its answer.
pub(crate) fn spoken(view: &View) -> String {
    let (icon, result) = headline(view);
    let mut parts = vec![format!("{icon} {result}"), byline(view)];
    parts.extend(vote::sentence(view).map(|votes| votes.trim_end_matches('.').to_owned()));
    if view.is_final() {
        let lanes = view.ranked();
        parts.extend(lanes.map(|(_, lane)| format!("{}: {}", model_name(&lane.card), spoken_numbers(lane))));
    }
    if let [lane] = view.lanes.as_slice()
        && let Some(excerpt) = excerpt(lane, EXCERPT_COLUMNS)
    {
        parts.push(excerpt.answer);
    }
    parts.retain(|part| !part.is_empty());
    parts.join(". ")
}

fn spoken_numbers(lane: &LaneView) -> String {
    match &lane.numbers {
        Some(numbers) if lane.state != LaneState::Failed => {
            let speed = lane.speed.clone().unwrap_or_else(|| "no speed".to_owned());
            let state = if lane.state == LaneState::Finished { "" } else { ", incomplete" };
            format!("{speed}, first token {}, {} tokens{state}", numbers.ttft, numbers.tokens)
        }
        _ => lane.status.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::ModelError,
        view::tests::{SampleRace, card, finished, line_up, running},
    };

    #[test]
    fn the_headline_names_the_result() {
        assert_eq!(headline(&finished().view()), ("🏁", "GPT-OSS 120B wrote fastest: 171 tok/s".into()));
        let mut tie = finished().view();
        let second = tie.standings[1];
        tie.lanes[second].speed = Some("171 tok/s".into());
        assert_eq!(headline(&tie).1, "GPT-OSS 120B and Gemma 2B tied at 171 tok/s");
        tie.lanes.iter_mut().for_each(|lane| lane.speed = Some("171 tok/s".into()));
        assert_eq!(headline(&tie).1, "4 models tied at 171 tok/s");
        let (icon, live) = headline(&running().view());
        assert_eq!((icon, live.as_str()), ("⚔️", "Why is the sky blue? Show it with a *small* program."));
        let stopped = running().stop(2_400, StopCause::Asked);
        assert_eq!(headline(&stopped), ("🛑", "Stopped · 1 of 5 had finished".into()));
        let interrupted = running().stop(2_400, StopCause::Restart);
        assert_eq!(headline(&interrupted).1, "Interrupted by a restart · 1 of 5 had finished");
        let frozen = running().stop(2_400, StopCause::Frozen);
        assert!(headline(&frozen).1.starts_with("Stopped: this message could not be edited any longer"));
    }

    #[test]
    fn a_headline_says_why_all_models_failed() {
        let mut race = SampleRace::of("Why?", line_up());
        (0..5).for_each(|lane| race.fails(100, lane, ModelError::Empty));
        let (icon, text) = headline(&race.view());
        assert_eq!(icon, "⚠️");
        assert_eq!(text, "All 5 models failed: the provider sent an empty answer");
        let mut race = SampleRace::of("Why?", line_up());
        (0..4).for_each(|lane| race.fails(100, lane, ModelError::Empty));
        race.fails(100, 4, ModelError::RateLimited { retry_after: None });
        assert_eq!(headline(&race.view()).1, "All 5 models failed");
    }

    #[test]
    fn the_table_is_28_columns_wide() {
        let mut view = finished().view();
        view.lanes[0].card = card("x", "天空为什么是蓝色的天空为什么是", "", "", "#FDE263");
        let (head, lines) = table(&view);
        for line in lines.iter().chain([&head]) {
            assert_eq!(line.width(), 28, "{line:?}");
        }
        assert_eq!(head, "              1st  tok tok/s");
        assert!(lines.iter().any(|line| line.starts_with("GPT-OSS 120B 0.62  430   171")), "{lines:?}");
        assert!(
            lines.iter().any(|line| line.starts_with("Qwen Coder") && line.ends_with("failed")),
            "{lines:?}"
        );
    }

    #[test]
    fn names_that_begin_alike_stay_distinct() {
        let cards = (0..25).map(|i| card(&format!("m{i}"), &format!("Model Number {i}"), "", "", "#010203"));
        let names = names(&SampleRace::of("Why?", cards.collect()).view(), 12);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 25, "{names:?}");
        assert!(names.iter().all(|name| name.width() <= 12), "{names:?}");
        assert_eq!(names[24], "Model Num…24");
        let short = super::names(&SampleRace::of("Why?", line_up()).view(), 12);
        assert_eq!(short, ["Gemma 2B", "Qwen 7B", "GPT-OSS 120B", "Qwen Coder", "DeepSeek R1"]);
    }

    #[test]
    fn an_excerpt_is_two_lines_without_marks() {
        let view = finished().view();
        let (excerpts, others) = excerpts(&view);
        assert_eq!((excerpts.len(), others), (5, 0));
        let of =
            |name: &str| excerpts.iter().find(|(lane, _)| lane.card.name == name).map(|(_, e)| e.clone());
        let gemma = of("Gemma 2B").expect("an excerpt");
        assert!(
            gemma.answer.starts_with("Why the sky is blue Sunlight holds every colour. Air"),
            "{gemma:?}"
        );
        assert!(gemma.answer.ends_with(ELLIPSIS) && gemma.words.is_empty(), "{gemma:?}");
        let coder = of("Qwen Coder").expect("an excerpt");
        assert!(coder.words.starts_with("⚠️ failed: rate limited"), "{coder:?}");
    }

    #[test]
    fn a_running_lane_shows_its_newest_end() {
        let view = running().tick(2_100);
        let (excerpts, _) = excerpts(&view);
        let (_, qwen) = excerpts.iter().find(|(lane, _)| lane.card.name == "Qwen 7B").expect("an excerpt");
        assert!(qwen.answer.starts_with("… ") && qwen.answer.ends_with('▌'), "{qwen:?}");
        assert!(qwen.answer.width() <= EXCERPT_COLUMNS);
    }

    #[test]
    fn flattened_markdown_keeps_the_words() {
        let text = "# A *title*\n\n> quoted **bold**\n- one\n* two\n```rust\nlet a = 2 * 3;\n```\n|a|b|\n|--|--|\n|1|2|";
        assert_eq!(flattened(text), "A title quoted bold • one • two let a = 2 * 3; a·b 1·2");
    }

    #[test]
    fn the_spoken_race_holds_every_number() {
        let spoken = spoken(&finished().view());
        assert!(spoken.starts_with(
            "🏁 GPT-OSS 120B wrote fastest: 171 tok/s. ana. GPT-OSS 120B: 171 tok/s, first token"
        ));
        assert!(spoken.contains("Qwen Coder: failed: rate limited"), "{spoken}");
    }
}
