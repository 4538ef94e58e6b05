//! Incidents in words.

use std::time::Duration;

use super::{
    cause::Cause,
    failures::Counts,
    incident::{Incident, IncidentKind, IncidentState, Member},
    sample::DAY_MS,
    summary::{Calendar, Change, change_words, percent},
};
use crate::race::figures;

impl Incident {
    /// The incident as a title, where `name` returns the name of a model by its id.
    #[must_use]
    pub fn title(&self, name: impl Fn(&str) -> String) -> String {
        let subject = match &self.cause {
            Cause::Model(contender) => {
                let mut members = self.details.members.iter();
                members.next().map_or_else(|| contender.clone(), |member| name(&member.model))
            }
            Cause::Provider(provider) => format!("All of provider {provider}"),
            Cause::Line => "Everything".into(),
        };
        match self.state {
            IncidentState::Rebased => format!("{subject}: a new normal"),
            IncidentState::Suspected | IncidentState::Confirmed if !self.is_over() => {
                let probably = if self.is_certain() { "" } else { "probably " };
                let hint = if self.cause == Cause::Line { ": look at our own line" } else { "" };
                format!("{subject} {}{hint}", self.kind.verb(probably))
            }
            _ => format!("{subject} is back to normal"),
        }
    }

    /// Returns true if people see its end: also while it is suspected again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.state.is_open() || (self.state == IncidentState::Suspected && self.was_confirmed())
    }

    /// Returns true if it was confirmed by probes, or needs none.
    fn is_certain(&self) -> bool {
        self.kind == IncidentKind::Behaviour || !self.details.is_unprobed
    }

    /// One sentence for each member.
    #[must_use]
    pub fn sentences(&self, name: impl Fn(&str) -> String) -> Vec<String> {
        let members = self.details.members.iter();
        let sentence = |member: &Member| {
            let canary = if member.is_canary { " (canary)" } else { "" };
            let words = member.words(self.kind);
            let cause = match &self.cause {
                cause @ Cause::Model(_) => format!("{} ({}).", words.trim_end_matches('.'), cause.words()),
                _ => words,
            };
            format!("{}{canary}: {cause}", name(&member.model))
        };
        members.map(sentence).collect()
    }

    /// Its certainty in words, if there is something to say.
    #[must_use]
    pub fn certainty(&self) -> Option<String> {
        let at = self.details.confirmed_at.filter(|_| self.kind != IncidentKind::Behaviour)?;
        let day = Calendar::Dates.day(at.div_euclid(DAY_MS));
        Some(if self.is_certain() {
            format!("Confirmed by five probes on {day}.")
        } else {
            format!("Noticed on {day}; not confirmed by probes.")
        })
    }
}

impl IncidentKind {
    fn verb(self, probably: &str) -> String {
        match self {
            Self::Speed => format!("is {probably}slower"),
            Self::FirstToken => format!("{probably}takes longer to begin"),
            Self::Failures => format!("{probably}fails more often"),
            Self::Behaviour => format!("{probably}answers differently"),
        }
    }

    /// Its emoji.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Speed => "🐢",
            Self::FirstToken => "⏳",
            Self::Failures => "⚠️",
            Self::Behaviour => "🎭",
        }
    }
}

impl Member {
    /// The change in words: "214 → 148 tok/s (−31 %) since Tue 24 Nov; 37 races before, 12 after."
    #[must_use]
    pub fn words(&self, kind: IncidentKind) -> String {
        let day = self.since_ms.div_euclid(DAY_MS);
        let since = Calendar::Dates.day(day);
        let count = |n: u64| figures::thousands(n);
        match kind {
            IncidentKind::Speed => {
                let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                let change = Change {
                    day,
                    before: self.before,
                    after: self.after,
                    count_before: size(self.count_before),
                    count_after: size(self.count_after),
                };
                change_words(&change, Calendar::Dates)
            }
            IncidentKind::FirstToken => format!(
                "{} → {} to the first token ({}) since {since}; {} races before, {} after.",
                seconds(self.before),
                seconds(self.after),
                percent(self.ratio()),
                count(self.count_before),
                count(self.count_after),
            ),
            IncidentKind::Failures => {
                let failed = |share, all| count(Counts::of_share(share, all).failed);
                format!(
                    "{} of {} answers failed in a day, since {since}; {} of {} in the four weeks before.",
                    failed(self.after, self.count_after),
                    count(self.count_after),
                    failed(self.before, self.count_before),
                    count(self.count_before),
                )
            }
            IncidentKind::Behaviour => format!("other answers to the same prompt since {since}."),
        }
    }
}

fn seconds(time: f64) -> String {
    figures::seconds(Duration::try_from_secs_f64(time).unwrap_or_default())
}
