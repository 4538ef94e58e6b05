//! When each token comes: an absolute schedule with jitter, stalls and bursts that never drifts.
//!
//! Pure: times are offsets from the request. Must not know text or a clock.

use std::time::Duration;

use fastrand::Rng;

use super::profile::Profile;

/// Runs differ by up to this part of the profile's figure, either way.
pub(super) const VARIATION: f64 = 0.08;
/// Prompt tokens are read this many times faster than output tokens are written.
const PREFILL: f64 = 40.0;
/// How often a token begins a stall.
const STALL: f64 = 0.02;

/// The moments of one answer's tokens, each an offset from the request. Endless.
#[derive(Debug)]
pub(super) struct Schedule {
    first: f64,
    interval: f64,
    tokens: u32,
    last: f64,
    held_until: f64,
    rng: Rng,
}

impl Schedule {
    /// The schedule of one run: the profile's figures, varied, the first token later for a longer prompt.
    pub(super) fn new(profile: &Profile, prompt_tokens: u64, rng: &mut Rng) -> Self {
        let speed = profile.tokens_per_second * varied(rng);
        #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
        let prefill = prompt_tokens as f64 / (speed * PREFILL);
        let first = profile.first_token * varied(rng) + prefill;
        Self { first, interval: speed.recip(), tokens: 0, last: first, held_until: 0.0, rng: rng.fork() }
    }

    /// The moment of the next token. Each has its own place on the time line; jitter moves it by less
    /// than an interval, and a stall holds a few back that then come at once.
    pub(super) fn next_token(&mut self) -> Duration {
        let place = self.first + f64::from(self.tokens) * self.interval;
        if self.tokens > 0 && self.rng.f64() < STALL {
            self.held_until = place + self.interval * (2.0 + 3.0 * self.rng.f64());
        }
        let jitter = if self.tokens == 0 { 0.0 } else { 0.8 * self.interval * self.rng.f64() };
        self.tokens += 1;
        self.last = (place + jitter).max(self.held_until).max(self.last);
        Duration::from_secs_f64(self.last)
    }
}

/// A factor near one.
fn varied(rng: &mut Rng) -> f64 {
    1.0 + VARIATION * (2.0 * rng.f64() - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::simulated::profile::{Manner, Thinking};

    const PROFILE: Profile = Profile {
        tokens_per_second: 100.0,
        first_token: 0.5,
        manner: Manner::Plain,
        thinking: Thinking::Never,
    };

    /// Seconds of 400 tokens.
    fn moments(prompt_tokens: u64, seed: u64) -> Vec<f64> {
        let mut schedule = Schedule::new(&PROFILE, prompt_tokens, &mut Rng::with_seed(seed));
        (0..400).map(|_| schedule.next_token().as_secs_f64()).collect()
    }

    #[test]
    fn every_run_keeps_the_profiles_figures() {
        for seed in 0..200 {
            let moments = moments(0, seed);
            let speed = 399.0 / (moments[399] - moments[0]);
            assert!((90.0..=110.0).contains(&speed), "seed {seed}: {speed} tok/s");
            assert!((0.46..=0.54).contains(&moments[0]), "seed {seed}: {} s", moments[0]);
        }
    }

    #[test]
    fn tokens_come_in_order_with_stalls_and_bursts() {
        let gaps: Vec<f64> = moments(0, 7).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap >= 0.0), "out of order");
        assert!(gaps.iter().any(|gap| *gap > 0.025), "no stall");
        assert!(gaps.iter().any(|gap| *gap < 0.000_001), "no burst");
    }

    #[test]
    fn runs_differ_and_a_longer_prompt_takes_longer() {
        assert!((moments(0, 1)[0] - moments(0, 2)[0]).abs() > 0.000_1);
        let (short, long) = (moments(10, 3)[0], moments(1_600, 3)[0]);
        assert!(long - short > 0.3, "{short} {long}");
    }
}
