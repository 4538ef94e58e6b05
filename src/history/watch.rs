//! The watch over all series: which incidents the end of a day opens, continues and closes.

use std::collections::BTreeMap;

use super::{
    cause::{Cause, Peer, by_cause, ratio},
    failures::{Attempt, failure_ratio, failures_ended, suspect_failures},
    incident::{Incident, IncidentId, IncidentKind, IncidentState, Member, Suspicion},
    judge::{Rule, suspect},
    life_cycle::IncidentEvent,
    recovery::{Worse, recovered_at},
    sample::Sample,
};

/// A series under watch.
#[derive(Clone, Copy, Debug)]
pub struct Watched<'a> {
    /// Its contender.
    pub contender: &'a str,
    /// The id of its model.
    pub model: &'a str,
    /// The id of its provider.
    pub provider: &'a str,
    /// True for the samples of canaries and probes.
    pub is_canary: bool,
    /// Decode speeds, oldest first.
    pub speeds: &'a [Sample],
    /// Times to first token, oldest first.
    pub first_tokens: &'a [Sample],
    /// All answers, oldest first.
    pub attempts: &'a [Attempt],
}

/// The values of a series without the periods of earlier incidents.
enum Values {
    Measured(Vec<Sample>),
    Attempts(Vec<Attempt>),
}

impl Values {
    /// The member with the time from which on it is as good as before; `None` while it is not.
    fn back(&self, member: &Member, rule: Rule, last_day: i64) -> Option<Member> {
        let back_ms = match self {
            Self::Measured(samples) => {
                let Member { since_ms, before, is_canary, .. } = *member;
                let worse = Worse { since_ms, before, ratio: member.ratio(), is_canary };
                recovered_at(samples, worse, rule, last_day)
            }
            Self::Attempts(attempts) => {
                let baseline = super::failures::Counts::of_share(member.before, member.count_before);
                failures_ended(attempts, baseline, member.since_ms, last_day)
            }
        };
        back_ms.filter(|at| *at > member.since_ms).map(|at| Member { back_ms: Some(at), ..member.clone() })
    }

    fn ratio(&self, last_day: i64) -> Option<f64> {
        match self {
            Self::Measured(samples) => ratio(samples, last_day),
            Self::Attempts(attempts) => failure_ratio(attempts, last_day),
        }
    }
}

impl Watched<'_> {
    fn values(&self, kind: IncidentKind, incidents: &[Incident]) -> Values {
        let all = |incident: &'_ Incident| {
            incident.details.past.iter().chain(&incident.details.members).cloned().collect::<Vec<_>>()
        };
        let found: Vec<(Option<i64>, Member)> = incidents
            .iter()
            .filter(|incident| incident.kind == kind)
            .flat_map(|incident| {
                // the baseline begins anew where people accepted a change
                let rebased = incident.closed_at.filter(|_| incident.state == IncidentState::Rebased);
                all(incident).into_iter().map(move |member| (rebased, member))
            })
            .filter(|(_, member)| member.is_of(self.contender, self.is_canary))
            .collect();
        let from = found.iter().filter_map(|(rebased, _)| *rebased).max().unwrap_or(i64::MIN);
        let is_usual = |at: i64| {
            let is_worse =
                |member: &Member| member.back_ms.is_some_and(|back| (member.since_ms..back).contains(&at));
            at >= from && !found.iter().any(|(_, member)| is_worse(member))
        };
        let measured =
            |samples: &[Sample]| samples.iter().copied().filter(|sample| is_usual(sample.at_ms)).collect();
        match kind {
            IncidentKind::FirstToken => Values::Measured(measured(self.first_tokens)),
            IncidentKind::Failures => {
                let attempts = self.attempts.iter().copied();
                Values::Attempts(attempts.filter(|attempt| is_usual(attempt.at_ms)).collect())
            }
            IncidentKind::Speed | IncidentKind::Behaviour => Values::Measured(measured(self.speeds)),
        }
    }

    fn member(&self, since_ms: i64, (before, after): (f64, f64), counts: (u64, u64), p: f64) -> Member {
        Member {
            contender: self.contender.to_owned(),
            model: self.model.to_owned(),
            provider: self.provider.to_owned(),
            is_canary: self.is_canary,
            since_ms,
            back_ms: None,
            before,
            after,
            count_before: counts.0,
            count_after: counts.1,
            p,
            answers: None,
        }
    }

    /// The judged day on which the series became worse, and how.
    fn suspected(&self, values: &Values, rule: Rule, last_day: i64) -> Option<(i64, Member)> {
        match values {
            Values::Measured(samples) => {
                let (judgement, since) = suspect(samples, rule, last_day)?;
                let counts = (since.count_before as u64, since.count_after as u64);
                let medians = (since.before, since.after);
                Some((judgement.day, self.member(since.at_ms, medians, counts, judgement.p)))
            }
            Values::Attempts(attempts) => {
                let (opened, p) = suspect_failures(attempts, last_day)?;
                let shares = (opened.baseline.share(), opened.recent.share());
                let counts = (opened.baseline.all, opened.recent.all);
                Some((opened.opened_on, self.member(opened.since_ms, shares, counts, p)))
            }
        }
    }
}

/// The next step of an incident.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// An event of an incident that exists.
    Event(IncidentId, IncidentEvent),
    /// A new incident. The time is the end of a mute that it takes over from an earlier one of its cause.
    Open(Suspicion, Option<i64>),
}

/// Judges all `series` at the end of `last_day`, with the `incidents` that are open or ended lately, and returns what
/// happens at `now`.
#[must_use]
pub fn watch(series: &[Watched<'_>], incidents: &[Incident], last_day: i64, now: i64) -> Vec<Step> {
    let mut steps = vec![];
    for kind in IncidentKind::MEASURED {
        let rule = kind.rule();
        let values: Vec<Values> = series.iter().map(|one| one.values(kind, incidents)).collect();
        let judged: Vec<(&Watched<'_>, &Values)> = series.iter().zip(&values).collect();
        let suspected: Vec<(i64, Member)> =
            judged.iter().filter_map(|(one, values)| one.suspected(values, rule, last_day)).collect();
        let peer = |(one, values): &(&Watched<'_>, &Values)| {
            (one.contender.to_owned(), one.provider.to_owned(), values.ratio(last_day))
        };
        let ratios: Vec<(String, String, Option<f64>)> = judged.iter().map(peer).collect();
        let peers: Vec<Peer<'_>> = ratios
            .iter()
            .map(|(contender, provider, ratio)| Peer { contender, provider, ratio: *ratio })
            .collect();
        let of_kind: Vec<&Incident> = incidents.iter().filter(|incident| incident.kind == kind).collect();
        for incident in of_kind.iter().filter(|incident| incident.state.is_open()) {
            steps.extend(followed(incident, &judged, &suspected, last_day));
        }
        steps.extend(found(kind, &of_kind, suspected, &peers, now));
    }
    steps
}

/// The event of an open incident at the end of a day, if there is one; those that are worse follow in [`found`].
fn followed(
    incident: &Incident,
    judged: &[(&Watched<'_>, &Values)],
    suspected: &[(i64, Member)],
    last_day: i64,
) -> Option<Step> {
    let rule = incident.kind.rule();
    let back = |member: &Member| {
        let mut series = judged.iter();
        let (_, values) = series.find(|(one, _)| member.is_of(one.contender, one.is_canary))?;
        values.back(member, rule, last_day)
    };
    let back: Vec<Member> = incident.details.members.iter().filter_map(back).collect();
    if !back.is_empty() {
        return Some(Step::Event(incident.id, IncidentEvent::Back(back, last_day)));
    }
    let is_found =
        |member: &Member| suspected.iter().any(|(_, one)| one.is_of(&member.contender, member.is_canary));
    let is_suspected = incident.state == IncidentState::Suspected;
    (is_suspected && !incident.details.members.iter().any(is_found))
        .then_some(Step::Event(incident.id, IncidentEvent::NotFound(last_day)))
}

/// The steps of the series that are worse: those of an incident continue it, and others open one for each cause.
fn found(
    kind: IncidentKind,
    of_kind: &[&Incident],
    suspected: Vec<(i64, Member)>,
    peers: &[Peer<'_>],
    now: i64,
) -> Vec<Step> {
    let mut steps = vec![];
    let mut events: BTreeMap<IncidentId, Suspicion> = BTreeMap::new();
    let mut new: Vec<(i64, Member)> = vec![];
    for (day, member) in suspected {
        let is_mine = |incident: &&&Incident| {
            incident.details.members.iter().any(|known| known.contender == member.contender)
        };
        let is_quiet = |incident: &&Incident| {
            !incident.state.is_open()
                && is_mine(&incident)
                && (incident.details.judged_on >= day
                    || incident.details.quiet_until.is_some_and(|until| now < until))
        };
        let open = || of_kind.iter().filter(|incident| incident.state.is_open());
        let covering = open()
            .find(is_mine)
            .or_else(|| open().find(|incident| incident.cause.covers(&member.contender, &member.provider)));
        if let Some(incident) = covering {
            let cause = incident.cause.clone();
            let suspicion = events.entry(incident.id);
            let suspicion = suspicion.or_insert_with(|| Suspicion { kind, cause, members: vec![], day });
            suspicion.members.push(member);
        } else if !of_kind.iter().any(is_quiet) {
            new.push((day, member));
        }
    }
    let contenders: Vec<&str> = new.iter().map(|(_, member)| member.contender.as_str()).collect();
    for (cause, contenders) in by_cause(&contenders, peers, kind.rule()) {
        let is_of_cause = |(_, member): &&(i64, Member)| contenders.contains(&member.contender);
        let of_cause: Vec<&(i64, Member)> = new.iter().filter(is_of_cause).collect();
        let day = of_cause.iter().map(|(day, _)| *day).max().unwrap_or_default();
        let members = of_cause.into_iter().map(|(_, member)| member.clone()).collect();
        let suspicion = Suspicion { kind, cause, members, day };
        let narrower = of_kind.iter().find(|incident| is_narrower(incident, &suspicion.cause));
        let same = of_kind.iter().filter(|incident| incident.cause == suspicion.cause);
        let last = same.max_by_key(|incident| incident.opened_at);
        match (narrower, last) {
            (Some(incident), _) => {
                let entry = events.entry(incident.id).or_insert_with(|| suspicion.clone());
                entry.cause = entry.cause.clone().max(suspicion.cause);
                entry.members.extend(suspicion.members);
            }
            (None, Some(last)) if last.is_reopened_by(&suspicion) => {
                steps.push(Step::Event(last.id, IncidentEvent::Worse(suspicion)));
            }
            (None, last) => {
                let muted = last.and_then(|last| last.details.muted_until).filter(|until| now < *until);
                steps.push(Step::Open(suspicion, muted));
            }
        }
    }
    steps.extend(events.into_iter().map(|(id, worse)| Step::Event(id, IncidentEvent::Worse(worse))));
    steps
}

/// Returns true if `incident` is open and part of a wider `cause`: it becomes the incident of that cause.
fn is_narrower(incident: &Incident, cause: &Cause) -> bool {
    let covers = |member: &Member| cause.covers(&member.contender, &member.provider);
    incident.state.is_open() && incident.cause < *cause && incident.details.members.iter().any(covers)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        history::{DAY_MS, IncidentAction, judge},
        race::Asker,
    };

    const SLOW: i64 = 40;

    fn id(n: usize) -> IncidentId {
        IncidentId::new(Uuid::from_u128(n as u128 + 1))
    }

    fn samples(days: i64, value: impl Fn(i64) -> f64) -> Vec<Sample> {
        let sample = |n: i64| Sample {
            at_ms: n * DAY_MS / 4 + 1_000 + n % 7,
            value: value(n / 4) * (1.0 + f64::from(i32::try_from(n * 31 % 11).unwrap_or(0)) / 200.0),
        };
        (0..days * 4).map(sample).collect()
    }

    fn attempts(days: i64, failed: impl Fn(i64) -> i64) -> Vec<Attempt> {
        let attempt =
            |n: i64| Attempt { at_ms: n * DAY_MS / 10 + 1_000, has_failed: n % 10 < failed(n / 10) };
        (0..days * 10).map(attempt).collect()
    }

    fn watched<'a>(
        name: &'a str,
        provider: &'a str,
        (speeds, first_tokens, attempts): (&'a [Sample], &'a [Sample], &'a [Attempt]),
    ) -> Watched<'a> {
        Watched { contender: name, model: name, provider, is_canary: false, speeds, first_tokens, attempts }
    }

    /// Applies what each day of `days` brings; suspicions are confirmed without probes.
    fn live(series: &[Watched<'_>], days: std::ops::Range<i64>) -> Vec<Incident> {
        let mut incidents: Vec<Incident> = vec![];
        for day in days {
            let now = (day + 1) * DAY_MS + 1;
            for step in watch(series, &incidents, day, now) {
                match step {
                    Step::Open(suspicion, _) => {
                        incidents.push(Incident::open(id(incidents.len()), suspicion, now));
                    }
                    Step::Event(id, event) => {
                        let known = incidents.iter_mut().find(|incident| incident.id == id);
                        known.expect("a known one").apply(event, now);
                    }
                }
            }
            for incident in &mut incidents {
                incident.apply(IncidentEvent::NoRoom, now);
            }
        }
        incidents
    }

    #[test]
    fn a_late_first_token_and_failures_have_incidents_of_their_own() {
        let speeds = samples(70, |_| 100.0);
        let first = samples(70, |day| if (SLOW..SLOW + 15).contains(&day) { 0.9 } else { 0.3 });
        let failing = attempts(70, |day| if (SLOW..SLOW + 5).contains(&day) { 5 } else { 0 });
        let incidents = live(&[watched("a", "x", (&speeds, &first, &failing))], 30..70);
        let states: Vec<_> = incidents.iter().map(|incident| (incident.kind, incident.state)).collect();
        let recovered = IncidentState::Recovered;
        assert_eq!(states, [(IncidentKind::Failures, recovered), (IncidentKind::FirstToken, recovered)]);
        let member = &incidents[0].details.members[0];
        assert_eq!(
            (member.since_ms.div_euclid(DAY_MS), member.back_ms.map(|at| at.div_euclid(DAY_MS))),
            (40, Some(45))
        );
        assert!((member.after - 0.5).abs() < 1e-9 && member.before < 1e-9, "{member:?}");
    }

    #[test]
    fn a_short_slowdown_is_closed_and_is_not_part_of_the_baseline() {
        let speeds = samples(90, |day| if (SLOW..SLOW + 9).contains(&day) { 66.0 } else { 100.0 });
        let incidents = live(&[watched("a", "x", (&speeds, &[], &[]))], 30..90);
        let [incident] = &incidents[..] else { panic!("{incidents:?}") };
        assert_eq!(incident.state, IncidentState::Recovered);
        let closed = incident.closed_at.expect("an end").div_euclid(DAY_MS);
        assert!((SLOW + 11..SLOW + 15).contains(&closed), "closed on {closed}");
    }

    #[test]
    fn the_history_tells_of_the_end_when_the_watch_does() {
        for days in [8, 10, 14, 20, 30] {
            let speeds = samples(100, |day| if (SLOW..SLOW + days).contains(&day) { 66.0 } else { 100.0 });
            let watched = live(&[watched("a", "x", (&speeds, &[], &[]))], 28..100);
            let judged = judge(&speeds, Rule::SPEED, 28).incidents;
            let ends: Vec<_> = watched.iter().map(|one| one.closed_at.map(|at| at / DAY_MS - 1)).collect();
            let told: Vec<_> = judged.iter().map(|one| one.recovery.map(|recovery| recovery.day)).collect();
            assert_eq!(told, ends, "{days} days");
        }
    }

    #[test]
    fn a_wider_cause_takes_over_the_incident_of_a_model() {
        let early = samples(60, |day| if day >= SLOW { 66.0 } else { 100.0 });
        let late = samples(60, |day| if day >= SLOW + 4 { 66.0 } else { 100.0 });
        let steady = samples(60, |_| 100.0);
        let series = [
            watched("a", "x", (&early, &[], &[])),
            watched("b", "x", (&late, &[], &[])),
            watched("c", "y", (&steady, &[], &[])),
        ];
        let before = live(&series, 30..SLOW + 6);
        assert_eq!(before[0].cause, Cause::Model("a".into()), "{before:?}");
        let incidents = live(&series, 30..60);
        assert_eq!(
            (incidents.len(), &incidents[0].cause),
            (1, &Cause::Provider("x".into())),
            "{incidents:?}"
        );
    }

    #[test]
    fn a_day_is_judged_once() {
        let speeds = samples(60, |day| if day >= SLOW { 66.0 } else { 100.0 });
        let series = [watched("a", "x", (&speeds, &[], &[]))];
        let mut incidents = live(&series, 30..50);
        let known = incidents.clone();
        for step in watch(&series, &incidents, 49, 50 * DAY_MS + 2) {
            let Step::Event(_, event) = step else { panic!("{step:?}") };
            incidents[0].apply(event, 50 * DAY_MS + 2);
        }
        assert_eq!(incidents, known);
    }

    fn is_allowed(from: IncidentState, to: IncidentState) -> bool {
        use IncidentState::{Cleared, Confirmed, Rebased, Recovered, Suspected};
        match from {
            Suspected => true,
            Confirmed => matches!(to, Confirmed | Recovered | Rebased),
            Recovered => matches!(to, Recovered | Suspected),
            Cleared | Rebased => to == from,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Random findings, probes, buttons and time.
        #[test]
        fn states_move_along_the_arrows_and_one_incident_of_a_cause_is_open(
            events in proptest::collection::vec((0_u8..9, 0_usize..3, 0.5_f64..1.2, 1_i64..80), 1..120),
        ) {
            let mut incidents: Vec<Incident> = vec![];
            let mut now = 100 * DAY_MS;
            for (event, which, ratio, hours) in events {
                now += hours * DAY_MS / 24;
                let day = now.div_euclid(DAY_MS) - 1;
                let contender = ["a", "b", "c"][which];
                let member = Member {
                    contender: contender.into(), model: contender.into(), provider: "x".into(), is_canary: false,
                    since_ms: now - DAY_MS, back_ms: None, before: 100.0, after: 66.0, count_before: 20,
                    count_after: 9, p: ratio / 100.0, answers: None,
                };
                let before = incidents.clone();
                let of_kind: Vec<&Incident> = before.iter().collect();
                let target = before.len().checked_sub(1).map(|last| which.min(last));
                let steps: Vec<Step> = match (event, target) {
                    (0..=2, _) => {
                        let peers = ["a", "b", "c"].map(|contender| Peer {
                            contender, provider: "x", ratio: Some(if event == 2 { 0.6 } else { 1.0 }),
                        });
                        found(IncidentKind::Speed, &of_kind, vec![(day, member)], &peers, now)
                    }
                    (_, None) => vec![],
                    (event, Some(at)) => vec![Step::Event(before[at].id, match event {
                        3 => IncidentEvent::Back(before[at].details.members.iter()
                            .map(|member| Member { back_ms: Some(now), ..member.clone() }).collect(), day),
                        4 => IncidentEvent::NotFound(day),
                        5 => IncidentEvent::Probed(vec![Some(ratio).filter(|ratio| *ratio < 1.1)]),
                        6 => IncidentEvent::NoRoom,
                        7 => IncidentEvent::Pressed(
                            [IncidentAction::Seen, IncidentAction::NewNormal, IncidentAction::Mute][which],
                            Asker { id: "x:ana".into(), name: "Ana".into() }),
                        _ => IncidentEvent::Tick,
                    })],
                };
                for step in steps {
                    match step {
                        Step::Open(suspicion, _) => {
                            incidents.push(Incident::open(id(incidents.len()), suspicion, now));
                        }
                        Step::Event(id, event) => {
                            let known = incidents.iter_mut().find(|incident| incident.id == id).expect("known");
                            let from = known.clone();
                            let is_changed = known.apply(event, now);
                            prop_assert!(is_allowed(from.state, known.state), "{from:?} -> {known:?}");
                            prop_assert_eq!(is_changed, from != *known);
                            prop_assert!(known.cause >= from.cause);
                        }
                    }
                }
                let open: Vec<_> = incidents.iter().filter(|one| one.state.is_open()).map(|one| (one.kind, one.cause.clone())).collect();
                prop_assert_eq!(open.iter().collect::<BTreeSet<_>>().len(), open.len(), "{:?}", open);
                for incident in &incidents {
                    prop_assert_eq!(incident.closed_at.is_none(), incident.state.is_open());
                    prop_assert!(incident.details.probes.len() <= crate::history::PROBES);
                    let shows = incident.was_confirmed();
                    prop_assert_eq!(incident.details.changes > 0, shows || incident.state == IncidentState::Rebased);
                }
            }
        }
    }
}
