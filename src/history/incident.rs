//! Incidents: what became worse, from the first suspicion to its end. Their life is in `life_cycle`.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{cause::Cause, judge::Rule};

/// An incident's id, a `UUIDv7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(Uuid);

impl IncidentId {
    /// Wraps a `UUIDv7`.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Parses the form that [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The measurement that became worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKind {
    /// Decode speeds.
    Speed,
    /// Times to first token.
    FirstToken,
    /// The share of failed answers.
    Failures,
    /// Other answers to a canary's prompt.
    Behaviour,
}

impl IncidentKind {
    /// The kinds that samples are judged for.
    pub const MEASURED: [Self; 3] = [Self::Speed, Self::FirstToken, Self::Failures];

    /// Its name in the store and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::FirstToken => "first_token",
            Self::Failures => "failures",
            Self::Behaviour => "behaviour",
        }
    }

    /// Parses the form that [`Self::as_str`] returns.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = Self::MEASURED.into_iter().chain([Self::Behaviour]);
        all.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The rule by which it is judged.
    #[must_use]
    pub fn rule(self) -> Rule {
        match self {
            Self::Speed => Rule::SPEED,
            Self::FirstToken => Rule::FIRST_TOKEN,
            Self::Failures | Self::Behaviour => Rule::FAILURES,
        }
    }
}

/// The state of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentState {
    /// Worse on two judged days running.
    Suspected,
    /// Worse by probes, or so clearly that none are needed.
    Confirmed,
    /// As good as before.
    Recovered,
    /// Not as bad as it seemed.
    Cleared,
    /// Accepted as the new normal.
    Rebased,
}

impl IncidentState {
    /// Its name in the store and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspected => "suspected",
            Self::Confirmed => "confirmed",
            Self::Recovered => "recovered",
            Self::Cleared => "cleared",
            Self::Rebased => "rebased",
        }
    }

    /// Parses the form that [`Self::as_str`] returns.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Suspected, Self::Confirmed, Self::Recovered, Self::Cleared, Self::Rebased];
        all.into_iter().find(|state| state.as_str() == name)
    }

    /// Returns true until the incident is over.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Suspected | Self::Confirmed)
    }
}

/// A series that became worse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its contender.
    pub contender: String,
    /// The id of its model.
    pub model: String,
    /// The id of its provider.
    pub provider: String,
    /// True for the samples of canaries and probes.
    pub is_canary: bool,
    /// The time of the first sample that was worse.
    pub since_ms: i64,
    /// The time of the first sample that was as good as before.
    #[serde(default)]
    pub back_ms: Option<i64>,
    /// The value before: a median, or the share of failures.
    pub before: f64,
    /// The value since.
    pub after: f64,
    /// The number of samples before.
    pub count_before: u64,
    /// The number of samples since.
    pub count_after: u64,
    /// The probability of such a change by chance.
    pub p: f64,
    /// The answers that show a change of behaviour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<TypicalAnswers>,
}

/// The most typical answers to a canary before and after a change, each by its race and the index of its lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypicalAnswers {
    /// The id of the canary.
    pub canary: String,
    /// The answer before.
    pub before: (String, usize),
    /// The answer since.
    pub now: (String, usize),
}

impl Member {
    /// Returns true if both are of one series.
    #[must_use]
    pub fn is_of(&self, contender: &str, is_canary: bool) -> bool {
        self.contender == contender && self.is_canary == is_canary
    }

    /// The value since as a share of the value before.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.after / self.before
    }
}

/// Series that are suspected to have become worse for one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspicion {
    /// The measurement.
    pub kind: IncidentKind,
    /// The cause.
    pub cause: Cause,
    /// The series.
    pub members: Vec<Member>,
    /// The judged day.
    pub day: i64,
}

/// An incident. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// The measurement that became worse.
    pub kind: IncidentKind,
    /// Its cause.
    pub cause: Cause,
    /// Its state.
    pub state: IncidentState,
    /// The time of the first suspicion.
    pub opened_at: i64,
    /// The time at which it was over; `None` while it is open.
    pub closed_at: Option<i64>,
    /// Everything else.
    pub details: Details,
}

impl Incident {
    /// Deletes the name and the id of the person with this id. Returns true if they were in it.
    pub fn forget(&mut self, person: &str) -> bool {
        let Details { seen_by, seen_by_id, rebased_by, rebased_by_id, .. } = &mut self.details;
        let mut is_changed = false;
        for (name, id) in [(seen_by, seen_by_id), (rebased_by, rebased_by_id)] {
            if id.take_if(|id| id == person).is_some() {
                *name = Some(String::new());
                is_changed = true;
            }
        }
        is_changed
    }
}

/// The details of an incident, in the form in which they are stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The series that became worse.
    pub members: Vec<Member>,
    /// The series as they were before it was opened again.
    pub past: Vec<Member>,
    /// The newest day that was judged.
    pub judged_on: i64,
    /// The ratio to its baseline of each lane of each probe, `None` for a lane that failed; for failures 1 or `None`.
    pub probes: Vec<Vec<Option<f64>>>,
    /// True if no probe confirmed it.
    pub is_unprobed: bool,
    /// The time of the last confirmation.
    pub confirmed_at: Option<i64>,
    /// The end of the time in which a cleared suspicion is not repeated.
    pub quiet_until: Option<i64>,
    /// The end of the time in which nothing is posted.
    pub muted_until: Option<i64>,
    /// The name of the person who looks after it, empty once it was deleted.
    pub seen_by: Option<String>,
    /// Their id.
    pub seen_by_id: Option<String>,
    /// The name of the person who accepted it as the new normal, empty once it was deleted.
    pub rebased_by: Option<String>,
    /// Their id.
    pub rebased_by_id: Option<String>,
    /// The number of times that it was opened again.
    pub reopened: u32,
    /// The number of changes that people hear of.
    pub changes: u32,
}
