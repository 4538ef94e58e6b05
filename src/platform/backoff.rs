//! How long to wait after a failure.

use std::time::Duration;

/// The wait doubles with every failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// From `least`, doubled with every failure, to `most`.
    pub(crate) fn new(least: Duration, most: Duration) -> Self {
        Self { least, most, failures: 0 }
    }

    /// The first wait.
    pub(crate) fn least(&self) -> Duration {
        self.least
    }

    /// What failed so far counts no more.
    pub(crate) fn forget(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure. `roll` is chance from 0 to 1: up to half as much again, so
    /// that many clients do not come back at once.
    pub(crate) fn next(&mut self, roll: f64) -> Duration {
        let doubled = self.least.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        doubled.mul_f64(1.0 + roll.clamp(0.0, 1.0) / 2.0).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_doubles_to_the_most_and_forgets() {
        let mut backoff = Backoff::new(SECOND, 60 * SECOND);
        let waits: Vec<u64> = (0..8).map(|_| backoff.next(0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.next(1.0), 60 * SECOND);
        backoff.forget();
        assert_eq!(backoff.next(1.0), Duration::from_millis(1500));
    }
}
