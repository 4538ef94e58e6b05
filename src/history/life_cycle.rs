//! The life of an incident.
//!
//! ```text
//! suspected -> confirmed -> recovered -> suspected again, within 72 hours
//!           -> cleared      rebased
//! ```
//!
//! An incident that was confirmed before returns to recovered where a new suspicion of it is cleared.

use super::{
    incident::{Details, Incident, IncidentId, IncidentKind, IncidentState, Member, Suspicion},
    sample::{DAY_MS, median},
};
use crate::race::Asker;

/// The probes that confirm or clear a suspicion.
pub const PROBES: usize = 5;
/// The fewest probes with a measurement.
const MIN_PROBED: usize = 3;
/// A suspicion that no probe can confirm is believed if it is less likely than this by chance.
const MAX_P_UNPROBED: f64 = 0.005;
/// Five good probes clear a share of failures that would have let them pass with less than this probability.
const MAX_P_UNNOTICED: f64 = 0.05;
/// The time after a cleared suspicion in which there is no other.
const QUIET_MS: i64 = 2 * DAY_MS;
/// The time after a recovery in which the incident is opened again.
const REOPEN_MS: i64 = 3 * DAY_MS;
/// The time for which an incident is muted.
const MUTE_MS: i64 = 7 * DAY_MS;
/// The time after which other answers are the usual ones.
const BEHAVIOUR_MS: i64 = 7 * DAY_MS;

/// A button of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentAction {
    /// Someone looks after it.
    Seen,
    /// It is the new normal.
    NewNormal,
    /// Nothing more is posted for a week.
    Mute,
}

/// An event of an incident's life.
#[derive(Clone, Debug, PartialEq)]
pub enum IncidentEvent {
    /// It was worse at the end of a judged day.
    Worse(Suspicion),
    /// Members of it were as good as before at the end of this day; each with its [`Member::back_ms`].
    Back(Vec<Member>, i64),
    /// It was no longer worse at the end of a judged day.
    NotFound(i64),
    /// A probe ended, with the ratio of each lane as in [`Details::probes`].
    Probed(Vec<Option<f64>>),
    /// There was no room for a probe.
    NoRoom,
    /// A person pressed a button.
    Pressed(IncidentAction, Asker),
    /// Time passed.
    Tick,
}

impl Incident {
    /// Opens an incident at `now`. Other answers last for several runs, so they need no probes.
    #[must_use]
    pub fn open(id: IncidentId, suspicion: Suspicion, now: i64) -> Self {
        let Suspicion { kind, cause, members, day } = suspicion;
        let details = Details { members, judged_on: day, ..Details::default() };
        let state = IncidentState::Suspected;
        let mut incident = Self { id, kind, cause, state, opened_at: now, closed_at: None, details };
        if kind == IncidentKind::Behaviour {
            incident.confirm(now, true);
        }
        incident
    }

    /// Returns true if nothing is posted at `now`.
    #[must_use]
    pub fn is_muted(&self, now: i64) -> bool {
        self.details.muted_until.is_some_and(|until| now < until)
    }

    /// Returns true if it was confirmed at least once.
    #[must_use]
    pub fn was_confirmed(&self) -> bool {
        self.details.confirmed_at.is_some()
    }

    /// Returns true if answers that are different since `since_ms` need no other incident: it is open, or their change began
    /// before it was opened, or before a person accepted it.
    #[must_use]
    pub fn has_answers_since(&self, since_ms: i64) -> bool {
        let accepted = self.closed_at.filter(|_| self.details.rebased_by.is_some());
        let is_known = self.state.is_open() || since_ms <= accepted.unwrap_or(self.opened_at);
        self.kind == IncidentKind::Behaviour && is_known
    }

    /// Returns true if it waits for probes.
    #[must_use]
    pub fn needs_probes(&self) -> bool {
        self.state == IncidentState::Suspected && self.details.probes.len() < PROBES
    }

    /// Returns true if it recovered less than 72 hours before the `suspicion` of its cause began, and is opened again.
    #[must_use]
    pub fn is_reopened_by(&self, suspicion: &Suspicion) -> bool {
        let since = suspicion.members.iter().map(|member| member.since_ms).min();
        self.state == IncidentState::Recovered
            && suspicion.day > self.details.judged_on
            && self.closed_at.zip(since).is_some_and(|(closed, since)| since - closed <= REOPEN_MS)
    }

    /// Applies an event at `now`. Returns true if the incident changed.
    pub fn apply(&mut self, event: IncidentEvent, now: i64) -> bool {
        let before = self.clone();
        match event {
            IncidentEvent::Worse(suspicion) => self.worse(suspicion),
            IncidentEvent::Back(members, day) => self.back(members, day, now),
            IncidentEvent::NotFound(day) => {
                if self.state == IncidentState::Suspected && day > self.details.judged_on {
                    self.clear(now);
                    self.details.judged_on = day;
                }
            }
            IncidentEvent::Probed(lanes) => {
                if self.needs_probes() {
                    self.details.probes.push(lanes);
                    if self.details.probes.len() == PROBES {
                        self.decide(now);
                    }
                }
            }
            IncidentEvent::NoRoom => self.decide_unprobed(now),
            IncidentEvent::Pressed(action, person) => self.press(action, person, now),
            IncidentEvent::Tick => {
                let is_usual = |at: i64| now - at >= BEHAVIOUR_MS;
                if self.kind == IncidentKind::Behaviour
                    && self.state == IncidentState::Confirmed
                    && self.details.confirmed_at.is_some_and(is_usual)
                {
                    self.close(IncidentState::Rebased, now);
                }
            }
        }
        *self != before
    }

    fn worse(&mut self, suspicion: Suspicion) {
        if !self.state.is_open() {
            if !self.is_reopened_by(&suspicion) {
                return;
            }
            (self.state, self.closed_at) = (IncidentState::Suspected, None);
            self.details.past.append(&mut self.details.members);
            self.details.probes.clear();
        }
        if suspicion.cause > self.cause {
            self.cause = suspicion.cause;
        }
        self.details.judged_on = self.details.judged_on.max(suspicion.day);
        let is_confirmed = self.state == IncidentState::Confirmed;
        for new in suspicion.members {
            let known = self.details.members.iter_mut();
            match known.into_iter().find(|known| known.is_of(&new.contender, new.is_canary)) {
                // the baseline of a confirmed incident stays
                Some(known) if is_confirmed => known.back_ms = None,
                Some(known) => *known = new,
                None => self.details.members.push(new),
            }
        }
    }

    fn back(&mut self, back: Vec<Member>, day: i64, now: i64) {
        if !self.state.is_open() {
            return;
        }
        self.details.judged_on = self.details.judged_on.max(day);
        for new in back {
            let mut known = self.details.members.iter_mut();
            if let Some(known) = known.find(|known| known.is_of(&new.contender, new.is_canary)) {
                known.back_ms = known.back_ms.or(new.back_ms);
            }
        }
        let members = &self.details.members;
        let are_back = members.iter().filter(|member| member.back_ms.is_some()).count();
        if are_back * 2 <= members.len() {
            return;
        }
        match self.state {
            IncidentState::Confirmed => self.close(IncidentState::Recovered, now),
            _ => self.clear(now),
        }
    }

    /// Decides after the last probe.
    fn decide(&mut self, now: i64) {
        let lanes = self.details.probes.iter().flatten();
        let measured: Vec<f64> = lanes.clone().filter_map(|ratio| *ratio).collect();
        let failed = lanes.count() - measured.len();
        if self.kind == IncidentKind::Failures {
            let share =
                median(&mut self.details.members.iter().map(|member| member.after).collect::<Vec<_>>());
            let unnoticed =
                i32::try_from(measured.len()).map_or(0.0, |n| (1.0 - share.unwrap_or(0.0)).powi(n));
            match failed {
                0 if unnoticed < MAX_P_UNNOTICED => self.clear(now),
                0 => self.decide_unprobed(now),
                _ => self.confirm(now, false),
            }
        } else if measured.len() < MIN_PROBED {
            self.decide_unprobed(now);
        } else if self.kind.rule().is_confirmed_by(&measured) {
            self.confirm(now, false);
        } else {
            self.clear(now);
        }
    }

    fn decide_unprobed(&mut self, now: i64) {
        if self.state != IncidentState::Suspected {
            return;
        }
        self.details.probes.clear();
        if self.details.members.iter().any(|member| member.p < MAX_P_UNPROBED) {
            self.confirm(now, true);
        }
    }

    fn confirm(&mut self, now: i64, is_unprobed: bool) {
        if self.was_confirmed() {
            self.details.reopened += 1;
        }
        self.state = IncidentState::Confirmed;
        self.details.is_unprobed = is_unprobed;
        self.details.confirmed_at = Some(now);
        (self.details.seen_by, self.details.seen_by_id) = (None, None);
        self.details.changes += 1;
    }

    /// Ends a suspicion.
    fn clear(&mut self, now: i64) {
        self.details.quiet_until = Some(now + QUIET_MS);
        let was_confirmed = self.was_confirmed();
        self.state = if was_confirmed { IncidentState::Recovered } else { IncidentState::Cleared };
        self.closed_at = Some(now);
        self.details.probes.clear();
    }

    fn close(&mut self, state: IncidentState, now: i64) {
        (self.state, self.closed_at) = (state, Some(now));
        self.details.probes.clear();
        self.details.changes += 1;
    }

    fn press(&mut self, action: IncidentAction, person: Asker, now: i64) {
        match action {
            IncidentAction::Seen if self.state.is_open() => {
                (self.details.seen_by, self.details.seen_by_id) = (Some(person.name), Some(person.id));
            }
            IncidentAction::NewNormal if self.state.is_open() => {
                (self.details.rebased_by, self.details.rebased_by_id) = (Some(person.name), Some(person.id));
                self.close(IncidentState::Rebased, now);
            }
            IncidentAction::Mute if self.state.is_open() => self.details.muted_until = Some(now + MUTE_MS),
            _ => {}
        }
    }
}
