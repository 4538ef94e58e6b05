//! Admission: global slots, each user's rate, the length of the prompt. Memory only, nothing waits. Refusals address the
//! asker alone.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{attachment::AttachmentError, race::cost::Cost};

/// The window of the per-user rate.
const RATE_WINDOW: Duration = Duration::from_mins(1);
/// Above this many users, those without a race in the window are dropped.
const MAX_IDLE_USERS: usize = 10_000;

/// The limits of admission, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters of a prompt.
    pub prompt_chars: usize,
    /// Output tokens of each answer, reasoning included.
    pub output_tokens: u32,
    /// Concurrent races.
    pub concurrent_races: usize,
    /// Races that one user may start in any minute.
    pub races_per_minute: usize,
}

/// The reason why a race was not started. The text is for the asker alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The prompt is empty.
    #[error("The prompt is empty. Type a question after the command.")]
    EmptyPrompt,
    /// The prompt is too long.
    #[error("That prompt has {chars} characters; the limit is {most}. Shorten it and try again.")]
    PromptTooLong {
        /// The length of the prompt.
        chars: usize,
        /// The limit.
        most: usize,
    },
    /// All slots are taken.
    #[error("All {races} race tracks are busy. Try again in a moment.")]
    Busy {
        /// The limit.
        races: usize,
    },
    /// The user starts races too fast.
    #[error("That was {races} races in a minute. You can start the next one in {seconds} s.")]
    TooFast {
        /// The limit.
        races: usize,
        /// The wait before the next race.
        seconds: u64,
    },
    /// A named model is no longer in the line-up.
    #[error("That model is no longer in the line-up. See `/arena models`.")]
    ModelGone,
    /// The line-up is empty.
    #[error("The line-up is empty: the operator needs to add a [[model]] to the configuration.")]
    NoModels,
    /// The user has too many races running.
    #[error("You already have {most} running, the limit per person. Try again when one is over.")]
    TooManyRaces {
        /// The limit.
        most: u64,
    },
    /// Too many models were named.
    #[error("At most {most} models can race at once here. Name some, as in `/arena compare models=a,b ...`.")]
    TooManyLanes {
        /// The limit.
        most: usize,
    },
    /// A blind race needs at least two models.
    #[error("A vote needs at least two models. Name some, as in `/arena blind models=a,b ...`.")]
    TooFewForVote,
    /// Ballots cannot be kept.
    #[error("Blind races need a database for their ballots, and there is none here.")]
    NoVotes,
    /// A provider has no capacity left.
    #[error(
        "{provider} is limited to {most} requests at once here, and all are in use. Try again in a moment."
    )]
    ProviderBusy {
        /// The provider's id.
        provider: String,
        /// The limit.
        most: u64,
    },
    /// A budget is used up.
    #[error("Today's budget of {cap} for {whose} doesn't cover this race. It resets at 00:00 UTC, in {}.", hours(*minutes))]
    BudgetSpent {
        /// The budget's owner, as in "this service".
        whose: &'static str,
        /// The budget.
        cap: Cost,
        /// Minutes until it resets.
        minutes: u64,
    },
    /// The asker or the place is not among those that the operator named.
    #[error("LLM Arena isn't open {0}. Ask its operator for access.")]
    NotPermitted(&'static str),
    /// A file cannot be attached.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// Too few models can see the attached pictures.
    #[error("{}", cannot_see(*needed))]
    CannotSee {
        /// The models that the race needs.
        needed: usize,
    },
    /// The files are larger than their sender said.
    #[error("The attached files aren't what was announced. Attach them again.")]
    FilesDiffer,
    /// The files of a race that is to be repeated are not stored.
    #[error("This race had files ({names}), which aren't stored. Start a new one and attach them again.")]
    FilesGone {
        /// Their names.
        names: String,
    },
    /// The store is unavailable.
    #[error("The database is unavailable, so new races are paused. Try again in a minute.")]
    StoreUnavailable,
    /// The race runs already; no answer is given.
    #[error("This race is already running.")]
    Duplicate,
    /// The service is about to end.
    #[error("LLM Arena is restarting. Try again in a moment.")]
    Restarting,
}

fn cannot_see(needed: usize) -> &'static str {
    if needed > 1 {
        "A vote needs at least two models that can see pictures. The operator marks those with `vision = true`."
    } else {
        "None of these models can see pictures. Ask one that can; the operator marks those with `vision = true`."
    }
}

fn hours(minutes: u64) -> String {
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h {} min", minutes / 60, minutes % 60) }
}

/// The slots, and the recent races of each user.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Limits,
    slots: Arc<Semaphore>,
    starts: Mutex<HashMap<String, VecDeque<Instant>>>,
}

impl Admission {
    pub(super) fn new(limits: Limits) -> Self {
        let slots = Arc::new(Semaphore::new(limits.concurrent_races.min(Semaphore::MAX_PERMITS)));
        Self { limits, slots, starts: Mutex::default() }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Admits a race of the user `id` with `prompt` at `now`. A refusal costs nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) fn admit(
        &self,
        id: &str,
        prompt: &str,
        now: Instant,
    ) -> Result<OwnedSemaphorePermit, Refused> {
        let chars = prompt.chars().count();
        if prompt.trim().is_empty() {
            return Err(Refused::EmptyPrompt);
        }
        if chars > self.limits.prompt_chars {
            return Err(Refused::PromptTooLong { chars, most: self.limits.prompt_chars });
        }
        let busy = Refused::Busy { races: self.limits.concurrent_races };
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| busy)?;
        self.rate(id, now)?;
        Ok(slot)
    }

    /// Takes back the admission of the user `id` at `then`: the race never began.
    pub(super) fn forget(&self, id: &str, then: Instant) {
        let mut users = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(starts) = users.get_mut(id)
            && let Some(place) = starts.iter().rposition(|start| *start == then)
        {
            starts.remove(place);
        }
    }

    fn rate(&self, id: &str, now: Instant) -> Result<(), Refused> {
        let recent = |starts: &mut VecDeque<Instant>| {
            starts.retain(|start| now.duration_since(*start) < RATE_WINDOW);
            !starts.is_empty()
        };
        let mut users = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() > MAX_IDLE_USERS {
            users.retain(|_, starts| recent(starts));
        }
        let starts = users.entry(id.to_owned()).or_default();
        recent(starts);
        let races = self.limits.races_per_minute;
        match starts.front() {
            Some(first) if starts.len() >= races => {
                let wait = RATE_WINDOW.saturating_sub(now.duration_since(*first));
                Err(Refused::TooFast { races, seconds: wait.as_secs() + 1 })
            }
            _ => {
                starts.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(concurrent_races: usize, races_per_minute: usize) -> Admission {
        Admission::new(Limits { prompt_chars: 5, output_tokens: 100, concurrent_races, races_per_minute })
    }

    #[test]
    fn a_prompt_is_neither_empty_nor_too_long() {
        let admission = admission(9, 9);
        let now = Instant::now();
        assert_eq!(admission.admit("ana", " \n", now).err(), Some(Refused::EmptyPrompt));
        assert_eq!(
            admission.admit("ana", "äöüäöü", now).err(),
            Some(Refused::PromptTooLong { chars: 6, most: 5 })
        );
        assert!(admission.admit("ana", "äöüäö", now).is_ok());
    }

    #[test]
    fn a_slot_is_free_again_when_its_permit_is_dropped() {
        let admission = admission(1, 9);
        let now = Instant::now();
        let first = admission.admit("ana", "x", now).expect("free");
        assert_eq!(admission.admit("bob", "x", now).err(), Some(Refused::Busy { races: 1 }));
        drop(first);
        assert!(admission.admit("bob", "x", now).is_ok());
    }

    #[test]
    fn a_user_over_the_rate_waits_and_others_do_not() {
        let admission = admission(9, 2);
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        assert!(admission.admit("ana", "x", at(0)).is_ok());
        assert!(admission.admit("ana", "x", at(20)).is_ok());
        assert_eq!(
            admission.admit("ana", "x", at(30)).err(),
            Some(Refused::TooFast { races: 2, seconds: 31 })
        );
        assert!(admission.admit("bob", "x", at(30)).is_ok());
        assert!(admission.admit("ana", "x", at(60)).is_ok());
    }
}
