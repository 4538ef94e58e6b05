//! The findings about the two paces of a model: how early it begins and how fast it writes. One of them fits every
//! race with two speeds.

use super::{
    Finding,
    field::{Field, Runner, names},
    findings::log2,
};
use crate::race::figures::thousands;

/// One model spoke first, another wrote fastest.
pub(super) fn overtaking(field: &Field<'_>) -> Option<Finding> {
    let [first] = field.first_to_speak()[..] else { return None };
    let (fastest, _) = field.extremes()?;
    if fastest.is_same(&first) {
        return None;
    }
    let (a, b) = (first.name(), fastest.name());
    if !fastest.writes_faster_than(&first) {
        let text = format!(
            "{a} spoke first ({}); in writing speed {a} and {b} are too close to call.",
            first.spoke()
        );
        return Some(finding(&fastest, &first, text));
    }
    let times = fastest.speed_factor(&first);
    let text = match first.overtaken_by(&fastest) {
        Some(token) => format!(
            "{a} spoke first ({}), but {b} wrote {times} times as fast and led from token {}.",
            first.spoke(),
            thousands(token)
        ),
        None => format!(
            "{a} spoke first ({}); {b} wrote {times} times as fast, but the answers were too short to catch up.",
            first.spoke()
        ),
    };
    Some(finding(&fastest, &first, text))
}

/// One model spoke first and wrote fastest.
pub(super) fn one_was_best_at_both(field: &Field<'_>) -> Option<Finding> {
    let [first] = field.first_to_speak()[..] else { return None };
    let (fastest, slowest) = field.extremes()?;
    if !fastest.is_same(&first) {
        return None;
    }
    let (a, spoke) = (first.name(), first.spoke());
    let text = if fastest.writes_faster_than(&slowest) {
        let times = fastest.speed_factor(&slowest);
        format!("{a} spoke first ({spoke}) and wrote fastest: {times} times the speed of {}.", slowest.name())
    } else {
        format!("{a} spoke first ({spoke}); in writing speed all are too close to call.")
    };
    Some(finding(&fastest, &slowest, text))
}

/// Several models spoke first, too close to call.
pub(super) fn began_together(field: &Field<'_>) -> Option<Finding> {
    let first = field.first_to_speak();
    let (fastest, slowest) = field.extremes()?;
    let who = match first.as_slice() {
        [] | [_] => return None,
        [a, b] => names([a.name(), b.name()].into_iter()),
        all if all.len() == field.runners.len() => format!("All {} models", all.len()),
        several => format!("{} models", several.len()),
    };
    let earliest = first.iter().min_by_key(|runner| runner.ttft)?;
    let began = format!("{who} began together ({})", earliest.spoke());
    let text = if fastest.writes_faster_than(&slowest) {
        let times = fastest.speed_factor(&slowest);
        format!("{began}; {} wrote fastest, {times} times the speed of {}.", fastest.name(), slowest.name())
    } else {
        format!("{began}, and in writing speed all are too close to call.")
    };
    Some(finding(&fastest, &slowest, text))
}

fn finding(fast: &Runner<'_>, slow: &Runner<'_>, text: String) -> Finding {
    Finding { weight: log2(fast.speed / slow.speed), text }
}
