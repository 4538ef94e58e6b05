//! The wait before a failed call is tried again. Sans-IO: chance is an argument, nothing here sleeps.

use std::time::Duration;

/// A wait that doubles with every failure up to a limit.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// Creates a back-off that starts at `min` and doubles up to `max`.
    #[must_use]
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, failures: 0 }
    }

    /// Returns the first wait.
    #[must_use]
    pub const fn min(&self) -> Duration {
        self.min
    }

    /// Starts again at the first wait, after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts one more failure and returns the wait before the next attempt, at most `max`.
    ///
    /// `jitter`, from 0 to 1, spreads clients that failed together: it lengthens the wait by up to half, and once that
    /// would exceed the limit it shortens it by up to a third. With 0 the waits are exact.
    pub fn next(&mut self, jitter: f64) -> Duration {
        let jitter = jitter.clamp(0.0, 1.0);
        let doubled = self.min.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let spread = doubled.min(self.max).mul_f64(1.0 + jitter / 2.0);
        if spread <= self.max { spread } else { self.max.mul_f64(1.0 - jitter / 3.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_limit_and_start_again_after_a_reset() {
        let mut backoff = Backoff::new(SECOND, 60 * SECOND);
        let waits: Vec<u64> = (0..8).map(|_| backoff.next(0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.next(1.0), Duration::from_millis(1_500));
    }

    #[test]
    fn jitter_spreads_the_waits_at_the_limit_too_and_never_exceeds_it() {
        let mut backoff = Backoff::new(SECOND, 10 * SECOND);
        for _ in 0..9 {
            backoff.next(0.0);
        }
        assert_eq!(backoff.next(0.0), 10 * SECOND);
        assert!(backoff.next(0.5) < 10 * SECOND);
        let shortest = backoff.next(1.0);
        assert!(shortest < 7 * SECOND && shortest > 6 * SECOND, "{shortest:?}");
    }
}
