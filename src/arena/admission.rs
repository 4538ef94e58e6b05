//! Who may race now: global slots, each user's rate, the length of the prompt. Memory only, no waiting.
//!
//! Must not know platforms. Refusals speak to the asker, and only to the asker.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::race::cost::Cost;

/// The window of the per-user rate.
const MINUTE: Duration = Duration::from_mins(1);
/// Above this many remembered users those who were not seen for a minute are forgotten.
const USERS: usize = 10_000;

/// The limits, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters of a prompt.
    pub prompt_chars: usize,
    /// Output tokens of each answer, reasoning included.
    pub output_tokens: u32,
    /// Races at once.
    pub concurrent_races: usize,
    /// Races that one user may start in any minute.
    pub races_per_minute: usize,
}

/// Why a race was not started. The text is for the asker alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing was asked.
    #[error("What should they answer? The prompt is empty.")]
    EmptyPrompt,
    /// The prompt is too long.
    #[error("That prompt has {chars} characters; {most} are allowed here. A shorter one will do.")]
    PromptTooLong {
        /// Its length.
        chars: usize,
        /// The limit.
        most: usize,
    },
    /// Too many races at once.
    #[error("All {races} race tracks are busy. One will be free in a moment: try again.")]
    Busy {
        /// The limit.
        races: usize,
    },
    /// This user is too fast.
    #[error("That was {races} races in a minute. The next one can start in {seconds} s.")]
    TooFast {
        /// The limit.
        races: usize,
        /// Until the next may start.
        seconds: u64,
    },
    /// A model was named that the line-up no longer has.
    #[error("That model is no longer in the line-up: try `/arena models`.")]
    ModelGone,
    /// The line-up is empty.
    #[error("The line-up is empty: the operator should add a [[model]] to the configuration.")]
    NoModels,
    /// One person has too many races running.
    #[error(
        "You have {most} running already, which is all that one person may have at once here. Try again when one is over."
    )]
    OneAtATime {
        /// The limit.
        most: u64,
    },
    /// Too many models.
    #[error("At most {most} models may race at once here: name some, as in `/arena compare models=a,b ...`.")]
    TooManyLanes {
        /// The limit.
        most: usize,
    },
    /// A provider has no room.
    #[error(
        "{provider} is asked at most {most} times at once here, and all of that is taken. Try again in a moment."
    )]
    ProviderBusy {
        /// Its id.
        provider: String,
        /// The limit.
        most: u64,
    },
    /// A budget is used up.
    #[error("Today's budget of {cap} for {whose} does not cover this race. It starts anew at 00:00 UTC, in {}.", hours(*minutes))]
    Spent {
        /// For whom.
        whose: &'static str,
        /// The budget.
        cap: Cost,
        /// Until it starts anew.
        minutes: u64,
    },
    /// The asker or the place is not among those that the operator named.
    #[error("LLM Arena is not open {0}. The operator says where and to whom it is.")]
    NotOpen(&'static str),
    /// The store is away.
    #[error("LLM Arena cannot write anything down right now, so it starts no race. Try again in a moment.")]
    Forgetful,
    /// It runs already: nobody is told anything.
    #[error("This race runs already.")]
    Duplicate,
    /// The service is about to end.
    #[error("LLM Arena is restarting. Try again in a moment.")]
    Restarting,
}

fn hours(minutes: u64) -> String {
    if minutes < 60 { format!("{minutes} min") } else { format!("{} h {} min", minutes / 60, minutes % 60) }
}

/// The doorkeeper.
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

    /// Lets the user `id` start a race with `prompt` at `now`, or says why not. A refusal costs nothing.
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

    /// The race that the user `id` was let start at `then` never began.
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
            starts.retain(|start| now.duration_since(*start) < MINUTE);
            !starts.is_empty()
        };
        let mut users = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() > USERS {
            users.retain(|_, starts| recent(starts));
        }
        let starts = users.entry(id.to_owned()).or_default();
        recent(starts);
        let races = self.limits.races_per_minute;
        match starts.front() {
            Some(first) if starts.len() >= races => {
                let wait = MINUTE.saturating_sub(now.duration_since(*first));
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
        let door = admission(9, 9);
        let now = Instant::now();
        assert_eq!(door.admit("ana", " \n", now).err(), Some(Refused::EmptyPrompt));
        assert_eq!(
            door.admit("ana", "äöüäöü", now).err(),
            Some(Refused::PromptTooLong { chars: 6, most: 5 })
        );
        assert!(door.admit("ana", "äöüäö", now).is_ok());
    }

    #[test]
    fn a_slot_comes_back_when_its_permit_is_dropped() {
        let door = admission(1, 9);
        let now = Instant::now();
        let first = door.admit("ana", "x", now).expect("free");
        assert_eq!(door.admit("bob", "x", now).err(), Some(Refused::Busy { races: 1 }));
        drop(first);
        assert!(door.admit("bob", "x", now).is_ok());
    }

    #[test]
    fn a_user_waits_for_the_minute_to_pass_and_others_do_not() {
        let door = admission(9, 2);
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        assert!(door.admit("ana", "x", at(0)).is_ok());
        assert!(door.admit("ana", "x", at(20)).is_ok());
        assert_eq!(door.admit("ana", "x", at(30)).err(), Some(Refused::TooFast { races: 2, seconds: 31 }));
        assert!(door.admit("bob", "x", at(30)).is_ok());
        assert!(door.admit("ana", "x", at(60)).is_ok());
    }
}
