//! The watch over all series: which incidents the end of a day opens, continues and closes.

use std::collections::BTreeMap;

use super::{
    cause::{Cause, Peer, by_cause, ratio},
    failures::{Attempt, failure_ratio, failures_ended, suspect_failures},
    incident::{Incident, IncidentEvent, IncidentId, IncidentKind, IncidentState, Member, Suspicion},
    judge::{Rule, suspect},
    sample::{Sample, median, values},
};

/// The samples that must be back.
const BACK_SAMPLES: usize = 10;

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

    /// The member with the time from which on it is as good as before; `None` while it is not.
    fn back(&self, member: &Member, values: &Values, rule: Rule, last_day: i64) -> Option<Member> {
        let back_ms = match values {
            Values::Measured(samples) => {
                let from = samples.partition_point(|sample| sample.at_ms < member.since_ms);
                let to = samples.partition_point(|sample| sample.judged_on() <= last_day);
                measured_back(&samples[from..to.max(from)], member, rule)
                    .or_else(|| suspect(samples, rule.reversed(), last_day).map(|(_, since)| since.at_ms))
            }
            Values::Attempts(attempts) => {
                let baseline = super::failures::Counts::of_share(member.before, member.count_before);
                failures_ended(attempts, baseline, member.since_ms, last_day)
            }
        };
        back_ms.filter(|at| *at > member.since_ms).map(|at| Member { back_ms: Some(at), ..member.clone() })
    }

    fn ratio(&self, values: &Values, last_day: i64) -> Option<f64> {
        match values {
            Values::Measured(samples) => ratio(samples, last_day),
            Values::Attempts(attempts) => failure_ratio(attempts, last_day),
        }
    }
}

/// The time of the first of the last ten `samples` if these are as good as before; those of people also at the end of the
/// judged day before.
fn measured_back(samples: &[Sample], member: &Member, rule: Rule) -> Option<i64> {
    let back = |samples: &[Sample]| {
        let newest = &samples[samples.len().checked_sub(BACK_SAMPLES)?..];
        let ratio = median(&mut values(newest))? / member.before;
        rule.is_back(ratio, member.ratio()).then_some(newest[0].at_ms)
    };
    let at = back(samples)?;
    let today = samples.last()?.judged_on();
    let earlier = &samples[..samples.partition_point(|sample| sample.judged_on() < today)];
    if member.is_canary { Some(at) } else { back(earlier) }
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
            (one.contender.to_owned(), one.provider.to_owned(), one.ratio(values, last_day))
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
        let (one, values) = series.find(|(one, _)| member.is_of(one.contender, one.is_canary))?;
        one.back(member, values, rule, last_day)
    };
    let back: Vec<Member> = incident.details.members.iter().filter_map(back).collect();
    if !back.is_empty() {
        return Some(Step::Event(incident.id, IncidentEvent::Back(back, last_day)));
    }
    let is_found =
        |member: &Member| suspected.iter().any(|(_, one)| one.is_of(&member.contender, member.is_canary));
    let is_suspected = incident.state == IncidentState::Suspected;
    (is_suspected && !incident.details.members.iter().any(is_found))
        .then(|| Step::Event(incident.id, IncidentEvent::NotFound(last_day)))
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
        } else if !of_kind.iter().any(|incident| is_quiet(incident)) {
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
