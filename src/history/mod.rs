//! The history of each model: has it become slower, does it fail more often, does it answer differently?
//!
//! ```text
//! LaneReport -> eligible -> Sample                        the measurements that count, or
//! a file     -> table    -> Series                        those of a file
//! Series     -> judge (rank_sum) -> Verdict               recent 7 days against the 28 before, day by day
//!                 since                                   when the change was
//!                 cause                                   one model, its provider, or our own line
//! Attempt    -> failures -> FailureIncident               the share of failed answers
//! Answer     -> features -> behaviour -> BehaviourChange  other answers to one prompt
//! Verdict    -> summary                                   sentences for people, JSON for scripts
//! all series -> watch -> Incident (life_cycle)            from the first suspicion to recovered
//! ```
//!
//! Pure: time is the stamp of a sample. Speeds and times are compared by medians and ranks, which are the same for values
//! and for their logarithms.

mod behaviour;
mod cause;
mod days;
mod eligible;
mod failures;
mod features;
mod incident;
mod judge;
mod life_cycle;
mod rank_sum;
mod recovery;
mod sample;
mod since;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod watch;
mod words;

pub use self::{
    behaviour::{Answer, BehaviourChange, NEWEST_ANSWERS, NewestChange, judge_behaviour, newest_change},
    cause::{Cause, Peer, by_cause, cause, ratio},
    days::{Day, days},
    eligible::Measured,
    failures::{Attempt, Counts, FailureIncident, judge_failures, suspect_failures},
    features::Features,
    incident::{
        Details, Incident, IncidentId, IncidentKind, IncidentState, Member, Suspicion, TypicalAnswers,
    },
    judge::{
        Judgement, MAX_P, RECENT_DAYS, Recovery, Rule, Slowdown, Verdict, WARM_UP_DAYS, WINDOW_DAYS, judge,
        suspect,
    },
    life_cycle::{IncidentAction, IncidentEvent, PROBES},
    rank_sum::p_less,
    sample::{DAY_MS, Quartiles, Sample, median, quantile, sort, values},
    since::{Split, split},
    summary::{
        Calendar, Change, HistoryJson, State, Summary, change_words, first_day, first_judged_day, usual_words,
    },
    table::{Origin, Series, Table, TableError, to_csv},
    watch::{Step, Watched, watch},
};
