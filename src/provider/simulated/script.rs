//! A whole answer as data: deltas with their offsets from the request, made of tokens and a schedule with
//! jitter, stalls and bursts.

use std::time::Duration;

use fastrand::Rng;

use super::{answer::ComposedAnswer, profile::Profile, tokens};
use crate::model::{Delta, FinishReason, Usage};

/// The largest relative deviation of a run from its profile, in either direction.
const VARIATION: f64 = 0.08;
/// The factor by which prompt tokens are read faster than output tokens are written.
const PREFILL_FACTOR: f64 = 40.0;
/// The probability that a token begins a stall.
const STALL_PROBABILITY: f64 = 0.02;

/// A delta and its offset from the request.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub offset: Duration,
    pub delta: Delta,
}

/// Writes the script for this answer to `prompt`: sent, simulated, reasoning, text, usage, finished.
///
/// It has at most `cap` tokens, reasoning included. An answer cut by the cap finishes with "length", any
/// other with "stop" after an end token that counts but has no text.
pub(super) fn write(
    profile: &Profile,
    answer: &ComposedAnswer,
    prompt: &str,
    cap: u32,
    rng: &mut Rng,
) -> Vec<Step> {
    let prompt_tokens = tokens::count_prompt(prompt);
    let mut schedule = Schedule::new(profile, prompt_tokens, rng);
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);

    let mut reasoning = tokens::split(&answer.reasoning);
    let mut text = tokens::split(&answer.text);
    let is_cut = reasoning.len() + text.len() >= cap;
    reasoning.truncate(cap);
    text.truncate(cap - reasoning.len());
    let output = reasoning.len() + text.len() + usize::from(!is_cut);
    let usage = Usage {
        prompt_tokens: Some(prompt_tokens),
        output_tokens: Some(output as u64),
        reasoning_tokens: Some(reasoning.len() as u64),
        ..Usage::default()
    };

    let tokens = reasoning.into_iter().map(Delta::Reasoning).chain(text.into_iter().map(Delta::Text));
    let mut steps: Vec<Step> =
        [Delta::Sent, Delta::Simulated].map(|delta| Step { offset: Duration::ZERO, delta }).into();
    steps.extend(tokens.map(|delta| Step { offset: schedule.next_token(), delta }));
    let end = schedule.next_token();
    let reason = FinishReason::new(if is_cut { "length" } else { "stop" });
    steps.extend([Delta::Usage(usage), Delta::Finished(reason)].map(|delta| Step { offset: end, delta }));
    steps
}

/// The endless sequence of one run's token times, as offsets from the request.
#[derive(Debug)]
struct Schedule {
    first: f64,
    interval: f64,
    tokens: u32,
    last: f64,
    stalled_until: f64,
    rng: Rng,
}

impl Schedule {
    /// Varies the profile's speed and time to the first token; a longer prompt delays the first token.
    fn new(profile: &Profile, prompt_tokens: u64, rng: &mut Rng) -> Self {
        let speed = profile.tokens_per_second * variation(rng);
        #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
        let prefill = prompt_tokens as f64 / (speed * PREFILL_FACTOR);
        let first = profile.first_token * variation(rng) + prefill;
        Self { first, interval: speed.recip(), tokens: 0, last: first, stalled_until: 0.0, rng: rng.fork() }
    }

    /// Returns the time of the next token. Each token has its own slot, so the schedule never drifts:
    /// jitter moves it by less than an interval, and a stall holds back a few that then arrive together.
    fn next_token(&mut self) -> Duration {
        let slot = self.first + f64::from(self.tokens) * self.interval;
        if self.tokens > 0 && self.rng.f64() < STALL_PROBABILITY {
            self.stalled_until = slot + self.interval * (2.0 + 3.0 * self.rng.f64());
        }
        let jitter = if self.tokens == 0 { 0.0 } else { 0.8 * self.interval * self.rng.f64() };
        self.tokens += 1;
        self.last = (slot + jitter).max(self.stalled_until).max(self.last);
        Duration::from_secs_f64(self.last)
    }
}

/// Returns a random factor near one.
fn variation(rng: &mut Rng) -> f64 {
    1.0 + VARIATION * (2.0 * rng.f64() - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::simulated::profile::Manner;

    const PROFILE: Profile = Profile {
        tokens_per_second: 100.0,
        first_token: 0.5,
        manner: Manner::Plain,
        reasons: false,
        sees: false,
    };

    /// The times of 400 tokens in seconds.
    fn times(prompt_tokens: u64, seed: u64) -> Vec<f64> {
        let mut schedule = Schedule::new(&PROFILE, prompt_tokens, &mut Rng::with_seed(seed));
        (0..400).map(|_| schedule.next_token().as_secs_f64()).collect()
    }

    #[test]
    fn every_run_stays_close_to_its_profile() {
        for seed in 0..200 {
            let times = times(0, seed);
            let speed = 399.0 / (times[399] - times[0]);
            assert!((90.0..=110.0).contains(&speed), "seed {seed}: {speed} tok/s");
            assert!((0.46..=0.54).contains(&times[0]), "seed {seed}: {} s", times[0]);
        }
    }

    #[test]
    fn tokens_arrive_in_order_with_stalls_and_bursts() {
        let gaps: Vec<f64> = times(0, 7).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap >= 0.0), "out of order");
        assert!(gaps.iter().any(|gap| *gap > 0.025), "no stall");
        assert!(gaps.iter().any(|gap| *gap < 0.000_001), "no burst");
    }

    #[test]
    fn runs_differ_and_a_longer_prompt_delays_the_first_token() {
        assert!((times(0, 1)[0] - times(0, 2)[0]).abs() > 0.000_1);
        let (short, long) = (times(10, 3)[0], times(1_600, 3)[0]);
        assert!(long - short > 0.3, "{short} {long}");
    }
}
