//! The arena's metrics. Labels are bounded by the configuration (providers, models, outcomes) and never name a user, a
//! channel or a race.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::{Refused, orphans::Finish};
use crate::{
    race::{
        cost::Cost,
        report::{LaneReport, Report},
        state::{Lane, Phase, RaceState},
    },
    telemetry::{field, metrics as name},
};

/// Counts a race as running until it is dropped.
pub(super) struct Running;

impl Running {
    pub(super) fn new() -> Self {
        gauge!(name::RACES_IN_PROGRESS).increment(1.0);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        gauge!(name::RACES_IN_PROGRESS).decrement(1.0);
    }
}

pub(super) fn refused(why: &Refused) {
    let reason = match why {
        Refused::EmptyPrompt => "empty_prompt",
        Refused::PromptTooLong { .. } => "prompt_too_long",
        Refused::Busy { .. } => "busy",
        Refused::TooFast { .. } => "too_fast",
        Refused::ModelGone | Refused::NoModels => "no_model",
        Refused::Restarting => "restarting",
        Refused::TooManyRaces { .. } => "one_at_a_time",
        Refused::TooManyLanes { .. } => "too_many_lanes",
        Refused::ProviderBusy { .. } => "provider_busy",
        Refused::BudgetSpent { .. } => "budget",
        Refused::NotPermitted(_) => "not_open",
        Refused::TooFewForVote => "too_few_for_vote",
        Refused::StoreUnavailable | Refused::NoVotes => "store",
        Refused::Attachment(_) | Refused::FilesDiffer => "file",
        Refused::CannotSee { .. } => "no_vision",
        Refused::FilesGone { .. } => "files_gone",
        Refused::Duplicate => "duplicate",
    };
    counter!(name::REFUSALS, field::REASON => reason).increment(1);
}

/// Records a race that is over and returns its outcome's label.
pub(super) fn race(state: &RaceState, report: &Report, took: Duration) -> &'static str {
    let finished = report.lanes.iter().filter(|lane| lane.status.is_finished()).count();
    let outcome = match finished {
        0 => "none_finished",
        n if n == report.lanes.len() => "all_finished",
        _ => "some_finished",
    };
    histogram!(name::RACE_SECONDS, field::OUTCOME => outcome).record(took);
    for (one, Lane { phase, .. }) in report.lanes.iter().zip(&state.lanes) {
        let ended = if let Phase::Failed(error) = phase { error.kind() } else { one.status.as_str() };
        lane(one, ended, &report.prompt);
    }
    outcome
}

fn lane(lane: &LaneReport, ended: &'static str, prompt: &str) {
    let (provider, model) = (lane.card.provider.clone(), lane.card.id.to_string());
    let labels = [(field::PROVIDER, provider.clone()), (field::MODEL, model.clone())];
    counter!(
        name::PROVIDER_REQUESTS,
        field::PROVIDER => provider.clone(), field::MODEL => model.clone(), field::OUTCOME => ended
    )
    .increment(1);
    if let Some(ttft) = lane.metrics.ttft {
        histogram!(name::FIRST_TOKEN_SECONDS, &labels).record(ttft);
    }
    if let Some(total) = lane.metrics.total {
        histogram!(name::ANSWER_SECONDS, &labels).record(total);
    }
    if let Some((cost, _)) = Cost::estimate(lane, prompt) {
        histogram!(name::ANSWER_COST, &labels).record(cost.dollars());
    }
    tracing::debug!(
        { field::PROVIDER } = provider,
        { field::MODEL } = model,
        { field::OUTCOME } = ended,
        "lane over"
    );
    let reasoning = lane.metrics.reasoning_tokens.unwrap_or(0);
    let output = lane.metrics.output_tokens.saturating_sub(reasoning);
    for (kind, n) in [("output", output), ("reasoning", reasoning)] {
        counter!(
            name::PROVIDER_TOKENS,
            field::PROVIDER => provider.clone(), field::MODEL => model.clone(), field::KIND => kind
        )
        .increment(n);
    }
}

pub(super) fn chart(took: Duration) {
    histogram!(name::CHART_SECONDS).record(took);
}

/// Counts an orphan by how the attempt to finish it ended; `None` if a restart interrupted it.
pub(super) fn orphan(finish: Option<Finish>) {
    let outcome = match finish {
        Some(Finish::Shown) => "finished",
        Some(Finish::Impossible | Finish::TimedOut) => "not_finished",
        None => "interrupted",
    };
    counter!(name::RACES_RECOVERED, field::OUTCOME => outcome).increment(1);
}
