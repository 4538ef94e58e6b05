//! The texts of incidents. Pure.

use crate::{
    alert::Notice,
    button::Button,
    history::{Calendar, DAY_MS, Incident, IncidentAction, IncidentKind, IncidentState},
    view::text::{Measure, clipped},
};

/// Characters of an answer.
const MAX_ANSWER: usize = 580;
/// The most sentences about models.
const MAX_SENTENCES: usize = 8;

/// The answer to a button of an incident that the store does not have.
pub(super) const GONE: &str = "This incident is no longer in the database.";
/// The answer to a button of an incident that is over.
pub(super) const OVER: &str = "This incident is over. `/arena history` shows the speeds since.";
/// The answer to a button outside the channel of the incident.
pub(super) const ELSEWHERE: &str = "This button works only in the channel where the incident was posted.";
/// The answer to a button that could not be recorded.
pub(super) const UNAVAILABLE: &str = "The database is unavailable. Try again in a minute.";

/// Returns the message of `incident` at `now`, where `name` returns the name of a model by its id.
pub(super) fn notice(incident: &Incident, now: i64, name: impl Fn(&str) -> String) -> Notice {
    let details = &incident.details;
    let mut lines = incident.sentences(&name);
    if lines.len() > MAX_SENTENCES {
        let more = lines.len() - MAX_SENTENCES;
        lines.truncate(MAX_SENTENCES);
        lines.push(format!("And {more} more."));
    }
    lines.extend(incident.certainty());
    if details.reopened > 0 {
        let times = if details.reopened == 1 { "once".into() } else { format!("{} times", details.reopened) };
        lines.push(format!("It came back {times} within three days of a recovery."));
    }
    lines.extend(end(incident));
    Notice {
        icon: icon(incident),
        title: incident.title(name),
        lines,
        footer: footer(incident, now),
        buttons: buttons(incident, now),
    }
}

fn icon(incident: &Incident) -> &'static str {
    match incident.state {
        IncidentState::Rebased => "📌",
        _ if incident.is_over() => "✅",
        _ => incident.kind.icon(),
    }
}

/// The end of the incident in words.
fn end(incident: &Incident) -> Option<String> {
    let details = &incident.details;
    if incident.state == IncidentState::Rebased {
        return Some(match &details.rebased_by {
            Some(person) => {
                let accepted = match person.as_str() {
                    "" => "Accepted".to_owned(),
                    person => format!("{person} accepted it"),
                };
                format!("{accepted} as the new normal: later races are compared with those from now on.")
            }
            None => "After a week these answers are the usual ones.".into(),
        });
    }
    if !incident.is_over() {
        return None;
    }
    let back = details.members.iter().filter_map(|member| member.back_ms).min().or(incident.closed_at)?;
    Some(format!("As good as before since {}.", day(back)))
}

fn footer(incident: &Incident, now: i64) -> Option<String> {
    let seen = incident.details.seen_by.as_deref().map(|person| match person {
        "" => "Seen".to_owned(),
        person => format!("Seen by {person}"),
    });
    let muted = incident.details.muted_until.filter(|_| incident.is_muted(now) && !incident.is_over());
    let muted = muted.map(|until| format!("muted until {}", day(until)));
    let parts: Vec<String> = seen.into_iter().chain(muted).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn buttons(incident: &Incident, now: i64) -> Vec<(Button, &'static str)> {
    if incident.is_over() {
        return vec![];
    }
    let seen = (Button::Seen(incident.id), "Seen");
    let normal = (Button::NewNormal(incident.id), "This is the new normal");
    let mute = (Button::Mute(incident.id), "Mute 7 days");
    let seen = Some(seen).filter(|_| incident.details.seen_by.is_none());
    let mute = Some(mute).filter(|_| !incident.is_muted(now));
    seen.into_iter().chain([normal]).chain(mute).collect()
}

/// Returns the line of the thread about the newest change.
pub(super) fn reply(incident: &Incident, name: impl Fn(&str) -> String) -> Notice {
    let lines = match incident.state {
        IncidentState::Rebased => end(incident).into_iter().collect(),
        _ if incident.is_over() => end(incident).into_iter().collect(),
        _ if incident.details.reopened > 0 => incident.sentences(&name),
        _ => incident.certainty().into_iter().chain([method(incident.kind)]).collect(),
    };
    Notice { icon: icon(incident), title: incident.title(name), lines, ..Notice::default() }
}

/// Returns the line about the most typical answer of a time: its beginning, if it is still stored.
pub(super) fn answer(label: &str, text: Option<&str>) -> String {
    text.map_or_else(
        || format!("{label}: the answer is no longer stored."),
        |text| format!("{label}: {}", clipped(text, MAX_ANSWER, Measure::Chars)),
    )
}

/// The method by which an incident is found.
fn method(kind: IncidentKind) -> String {
    let words = match kind {
        IncidentKind::Speed => "Compared: the median speed of 7 days with that of the 28 days before.",
        IncidentKind::FirstToken => {
            "Compared: the median time to first token of 7 days with that of the 28 days before."
        }
        IncidentKind::Failures => "Compared: the share of failures in a day with that in the 28 days before.",
        IncidentKind::Behaviour => "Compared: the last 20 answers of a canary with the 60 before.",
    };
    words.into()
}

/// Returns the answer to a button.
pub(super) fn pressed(incident: &Incident, action: IncidentAction) -> String {
    match action {
        IncidentAction::Seen => "The message now says that you look after it.".into(),
        IncidentAction::NewNormal => {
            "Accepted as the new normal: later races are compared with those from now on.".into()
        }
        IncidentAction::Mute => {
            let until = incident.details.muted_until.map(day).unwrap_or_default();
            format!("Muted until {until}. The message stays up to date without notifications.")
        }
    }
}

fn day(at_ms: i64) -> String {
    Calendar::Dates.day(at_ms.div_euclid(DAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shown_at_its_beginning_or_said_to_be_deleted() {
        assert_eq!(answer("Before", None), "Before: the answer is no longer stored.");
        assert_eq!(answer("Now", Some(" Red. ")), "Now: Red.");
        let long = answer("Now", Some(&"long ".repeat(999)));
        assert!(long.chars().count() <= 600 && long.ends_with('…'), "{long}");
    }
}
