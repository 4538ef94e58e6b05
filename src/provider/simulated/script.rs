//! One whole answer as data: which delta comes when.
//!
//! Pure: chance comes from the caller's generator, times are offsets from the request.

use std::time::Duration;

use fastrand::Rng;

use super::{answer, pace::Schedule, pieces, profile::Profile};
use crate::model::{Delta, FinishReason, Usage};

/// A delta and its offset from the request.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// How long after the request it comes.
    pub after: Duration,
    /// What comes.
    pub delta: Delta,
}

/// Writes the script of `prompt`'s answer: sent, simulated, reasoning, text, usage, finished. At most
/// `cap` tokens come, reasoning included; an answer cut by it finishes with "length", else with "stop"
/// after an end token that counts and shows nothing.
pub(super) fn write(profile: &Profile, prompt: &str, cap: u32, rng: &mut Rng) -> Vec<Step> {
    let answer = answer::compose(prompt, profile, rng);
    let prompt_tokens = pieces::prompt_tokens(prompt);
    let mut schedule = Schedule::new(profile, prompt_tokens, rng);
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);

    let mut thoughts = pieces::split(&answer.reasoning);
    let mut words = pieces::split(&answer.text);
    let is_cut = thoughts.len() + words.len() >= cap;
    thoughts.truncate(cap);
    words.truncate(cap - thoughts.len());
    let output = thoughts.len() + words.len() + usize::from(!is_cut);
    let usage = Usage {
        prompt_tokens: Some(prompt_tokens),
        output_tokens: Some(output as u64),
        reasoning_tokens: Some(thoughts.len() as u64),
        ..Usage::default()
    };

    let tokens = thoughts.into_iter().map(Delta::Reasoning).chain(words.into_iter().map(Delta::Text));
    let mut steps: Vec<Step> =
        [Delta::Sent, Delta::Simulated].map(|delta| Step { after: Duration::ZERO, delta }).into();
    steps.extend(tokens.map(|delta| Step { after: schedule.next_token(), delta }));
    let end = schedule.next_token();
    let reason = FinishReason::new(if is_cut { "length" } else { "stop" });
    steps.extend([Delta::Usage(usage), Delta::Finished(reason)].map(|delta| Step { after: end, delta }));
    steps
}
