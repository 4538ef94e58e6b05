//! The state of the canaries in words, and what people do with them.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;

use super::{Canary, day_ms};
use crate::{
    arena::{Arena, LookupError, Refused, caps::DAY_MS},
    model::{ModelCard, ModelId},
    race::{Asker, figures},
    store::{CanaryRun, CanaryState, RefusedBy},
};

/// The time that the store gets to say how all canaries are: a platform waits for less than three seconds.
const WATCH_TIMEOUT: Duration = Duration::from_millis(1_500);
/// The answer where no canary is configured.
pub const NO_CANARY: &str = "No canary is configured. A `[[canary]]` table in the configuration, with an `id`, \
    `every = \"3h\"` and a `prompt`, makes one.";

/// The state of a canary: plain text without markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanaryStatus {
    /// Its key in buttons.
    pub key: u64,
    /// Its id.
    pub id: String,
    /// Its schedule and its models.
    pub about: String,
    /// Its state, such as "paused by ana".
    pub state: String,
    /// Its last run, as in "last run 12 min ago: all 3 answered, 96 / 104 / 151 tok/s"; "never ran".
    pub last_run: String,
    /// Its next run; `None` if it is paused.
    pub next_run: Option<String>,
    /// True if it is paused.
    pub is_paused: bool,
}

impl Arena {
    /// Returns the state of all canaries, in the order of the configuration.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn canaries(&self) -> Result<Vec<CanaryStatus>, LookupError> {
        let (mut canaries, now) = (vec![], Timestamp::now());
        let read = async {
            for canary in &self.canaries {
                let store = self.store.as_ref().ok_or(LookupError::Unavailable)?;
                let state = store.promptly(store.canary_state(&canary.id)).await.map_err(|error| {
                    tracing::warn!(error = error.chain(), "failed to read the state of a canary");
                    LookupError::Unavailable
                })?;
                canaries.push(canary.status(&state, &self.cards, now));
            }
            Ok(())
        };
        timeout(WATCH_TIMEOUT, read).await.unwrap_or(Err(LookupError::Unavailable))?;
        Ok(canaries)
    }

    /// Returns the canary with this key.
    fn canary(&self, key: u64) -> Option<&Canary> {
        self.canaries.iter().find(|canary| canary.key() == key)
    }

    /// Starts a race of the canary with this key, once for each `delivery`. Returns false if there is no such
    /// canary.
    ///
    /// # Errors
    /// [`Refused`], as for any race; [`Refused::Duplicate`] if this or another process has the delivery.
    pub async fn run_canary_now(
        self: &Arc<Self>,
        key: u64,
        delivery: Option<String>,
    ) -> Result<bool, Refused> {
        let Some(canary) = self.canary(key) else { return Ok(false) };
        let recorded = self.record_canary(canary, Timestamp::now(), delivery).await?;
        let arena = Arc::clone(self);
        self.spawn(async move {
            arena.run_quietly(recorded).await;
        });
        Ok(true)
    }

    /// Pauses the canary with this key in all processes, in the name of a person; or ends its pause, where there is none.
    /// Returns false if there is no such canary.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn pause_canary(&self, key: u64, by: Option<&Asker>) -> Result<bool, LookupError> {
        let Some(canary) = self.canary(key) else { return Ok(false) };
        let store = self.store.as_ref().ok_or(LookupError::Unavailable)?;
        let change = async {
            canary.register(store, Timestamp::now()).await?;
            match by {
                Some(by) => store.pause_canary(&canary.id, by).await,
                None => store.resume_canary(&canary.id).await,
            }
        };
        change.await.map_err(|error| {
            tracing::warn!(error = error.chain(), "failed to pause or resume a canary");
            LookupError::Unavailable
        })?;
        Ok(true)
    }
}

impl Canary {
    fn status(&self, state: &CanaryState, cards: &[Arc<ModelCard>], now: Timestamp) -> CanaryStatus {
        let models: Vec<String> = self.models.iter().map(|model| name(cards, model)).collect();
        let spent = state.refused.filter(|(at, _)| {
            let has_run_since = state.last_run.as_ref().is_some_and(|run| run.at_ms > *at);
            *at >= day_ms(now) && !has_run_since
        });
        let words = match (&state.paused_by, spent) {
            (Some(by), _) if by.is_empty() => "paused".to_owned(),
            (Some(by), _) => format!("paused by {by}"),
            (None, Some((_, by))) => {
                let budget = match (by, self.day_budget) {
                    (RefusedBy::Canary, Some(budget)) => format!("today's budget of {budget} is spent"),
                    _ => "today's budget of the service is spent".to_owned(),
                };
                format!("stopped until 00:00 UTC: {budget}")
            }
            (None, None) => "active".to_owned(),
        };
        let state_words = if state.is_running { format!("{words}, running now") } else { words };
        let from = match spent {
            Some(_) => Timestamp::from_millisecond(day_ms(now) + DAY_MS).unwrap_or(now),
            None => now,
        };
        let next = self.next_start(from).filter(|_| state.paused_by.is_none());
        CanaryStatus {
            key: self.key(),
            id: self.id.clone(),
            about: format!("{} · {}", self.schedule_text, models.join(", ")),
            state: state_words,
            last_run: state.last_run.as_ref().map_or_else(
                || "never ran".to_owned(),
                |run| {
                    let age_ms = now.as_millisecond().saturating_sub(run.at_ms);
                    format!("last run {} ago: {}", span(age_ms), outcome(run, cards))
                },
            ),
            next_run: next.map(|next| {
                let wait_ms = next.as_millisecond() - now.as_millisecond();
                format!("next run in {} ({})", span(wait_ms), next.strftime("%a %-d %b, %H:%M UTC"))
            }),
            is_paused: state.paused_by.is_some(),
        }
    }
}

fn name(cards: &[Arc<ModelCard>], id: &ModelId) -> String {
    cards.iter().find(|card| card.id == *id).map_or_else(|| id.to_string(), |card| card.name.clone())
}

/// Returns the result of a run, such as "2 of 3 answered (Qwen 7B failed), 96 / 104 tok/s".
fn outcome(run: &CanaryRun, cards: &[Arc<ModelCard>]) -> String {
    let failed: Vec<String> =
        run.lanes.iter().filter(|lane| !lane.has_answered).map(|lane| name(cards, &lane.model)).collect();
    let answered = run.lanes.len() - failed.len();
    let counts = match (answered, failed.len()) {
        (1, 0) => "it answered".to_owned(),
        (all, 0) => format!("all {all} answered"),
        (0, _) => "none answered".to_owned(),
        (some, _) => format!("{some} of {} answered ({} failed)", run.lanes.len(), failed.join(", ")),
    };
    let speeds = run.lanes.iter().filter(|lane| lane.has_answered);
    let speeds: Vec<String> = speeds.map(|lane| figures::speed(lane.speed, lane.count)).collect();
    if speeds.is_empty() { counts } else { format!("{counts}, {} tok/s", speeds.join(" / ")) }
}

/// Returns a duration in its largest units: "less than a minute", "12 min", "2 h 48 min", "3 days".
fn span(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, _) if hours >= 48 => format!("{} days", hours / 24),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::cost::Cost;
    use crate::{race::metrics::TokenCount, schedule::Schedule, store::CanaryLane, view::tests::line_up};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn canary(cards: &[Arc<ModelCard>]) -> Canary {
        Canary {
            id: "vllm".into(),
            schedule: Schedule::every(Duration::from_hours(3)),
            schedule_text: "every 3h".into(),
            models: cards.iter().map(|card| card.id.clone()).collect(),
            prompt: "Count to ten.".into(),
            day_budget: Some(Cost::from_dollars(0.2)),
        }
    }

    fn run(at_ms: i64, cards: &[Arc<ModelCard>], failed: usize) -> CanaryRun {
        let lane = |(index, card): (usize, &Arc<ModelCard>)| CanaryLane {
            model: card.id.clone(),
            has_answered: index >= failed,
            speed: Some(96.0 + 10.0 * f64::from(u8::try_from(index).unwrap_or(0))),
            count: TokenCount::Usage,
        };
        CanaryRun { at_ms, lanes: cards.iter().enumerate().map(lane).collect() }
    }

    #[test]
    fn a_canary_says_how_it_is_in_words() {
        let cards = &line_up()[..3];
        let (canary, now) = (canary(cards), at("2026-11-29T13:00:00Z"));
        let status = |state: CanaryState| canary.status(&state, cards, now);
        let fresh = status(CanaryState::default());
        assert_eq!((fresh.state.as_str(), fresh.last_run.as_str()), ("active", "never ran"));
        assert!(fresh.about.starts_with("every 3h · "), "{fresh:?}");
        assert!(fresh.next_run.expect("one").starts_with("next run in 2 h "));
        let ran = |minutes: i64, failed| {
            let last_run = Some(run(now.as_millisecond() - minutes * 60_000, cards, failed));
            CanaryState { last_run, ..CanaryState::default() }
        };
        assert_eq!(status(ran(12, 0)).last_run, "last run 12 min ago: all 3 answered, 96 / 106 / 116 tok/s");
        let partly = status(ran(125, 1)).last_run;
        assert!(partly.starts_with("last run 2 h 5 min ago: 2 of 3 answered ("), "{partly}");
        assert!(partly.ends_with(" failed), 106 / 116 tok/s"), "{partly}");
        assert_eq!(status(ran(4_400, 3)).last_run, "last run 3 days ago: none answered");
        let paused = status(CanaryState { paused_by: Some("ana".into()), is_running: true, ..ran(1, 0) });
        assert_eq!((paused.state.as_str(), paused.next_run), ("paused by ana, running now", None));
    }

    #[test]
    fn a_canary_whose_budget_is_spent_runs_on_the_next_day() {
        let cards = &line_up()[..1];
        let (canary, now) = (canary(cards), at("2026-11-29T13:00:00Z"));
        let refused = |at_ms, by| CanaryState { refused: Some((at_ms, by)), ..CanaryState::default() };
        let hour = now.as_millisecond() - 3_600_000;
        let status = canary.status(&refused(hour, RefusedBy::Canary), cards, now);
        assert_eq!(status.state, "stopped until 00:00 UTC: today's budget of $0.20 is spent");
        let next = status.next_run.expect("one");
        assert!(next.contains("(Mon 30 Nov, 00:"), "{next}");
        let service = canary.status(&refused(hour, RefusedBy::Service), cards, now).state;
        assert_eq!(service, "stopped until 00:00 UTC: today's budget of the service is spent");
        let yesterday = canary.status(&refused(hour - DAY_MS, RefusedBy::Canary), cards, now);
        assert_eq!(yesterday.state, "active");
        let since =
            CanaryState { last_run: Some(run(hour + 1, cards, 0)), ..refused(hour, RefusedBy::Canary) };
        assert_eq!(canary.status(&since, cards, now).state, "active");
    }
}
