//! What every chat says of a race in the same words.
//!
//! Must not know markup or limits.

use super::{BAR_EIGHTHS, LaneState, LaneView, Progress, View, text};

/// "one model", "5 models".
pub(crate) fn models(n: usize) -> String {
    if n == 1 { "one model".to_owned() } else { format!("{n} models") }
}

/// How many of the models are simulated, behind a dot; nothing where none is.
pub(crate) fn simulated(view: &View) -> &'static str {
    match view.lanes.iter().filter(|lane| lane.simulated).count() {
        0 => "",
        n if n == view.lanes.len() => " · simulated models",
        _ => " · some models simulated",
    }
}

/// Whether some lanes are simulated and others not, so that each says which it is.
pub(crate) fn is_mixed(view: &View) -> bool {
    view.simulated && view.lanes.iter().any(|lane| !lane.simulated)
}

/// The mark and the words of an end other than the usual one.
pub(crate) fn ending(progress: Progress) -> Option<&'static str> {
    match progress {
        Progress::Live | Progress::Done => None,
        Progress::Stopped => Some("🛑 Stopped: the answers stand as far as they came."),
        Progress::Interrupted => Some("🔌 Interrupted by a restart: the answers stand as far as they came."),
    }
}

/// How the speed is defined.
pub(crate) const DEFINITION: &str = "tok/s = (tokens − 1) / (last − first token), ≈ estimated";

/// Says of an answer that is not shown whole where it is.
pub(crate) const SHORTENED: &str = "… shortened: see Full answers";

/// The beginning of a prompt without hostile characters: its first `lines` lines that are not blank, with an
/// ellipsis where there are more.
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

/// A bar in a fixed number of cells. The empty ones are drawn too: spaces at the end of a code span are trimmed.
pub(crate) fn bar(eighths: u16, cells: u16) -> String {
    let filled = text::bar(eighths.min(BAR_EIGHTHS) * cells * 8 / BAR_EIGHTHS);
    let rest = usize::from(cells) - filled.chars().count();
    filled + &"░".repeat(rest)
}

/// Whether more of the lane's answer may come.
pub(crate) fn is_writing(lane: &LaneView) -> bool {
    use LaneState::{Failed, Finished, Stopped, Truncated};
    !matches!(lane.state, Finished | Truncated | Failed | Stopped)
}

/// The mark before a lane's status where it stands with the answer; `None` where the answer says enough.
pub(crate) fn mark(lane: &LaneView) -> Option<&'static str> {
    match lane.state {
        LaneState::Truncated | LaneState::Failed => Some("⚠️ "),
        LaneState::Stopped => Some("🛑 "),
        _ if lane.answer.trim().is_empty() => Some(""),
        _ => None,
    }
}
