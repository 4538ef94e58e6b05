//! Retries until a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Repeats `attempt` until it succeeds, until `delay` returns `None` for its error, or until the delay would end after
/// `deadline`.
///
/// # Errors
/// The error of the last attempt.
pub(crate) async fn retry_until<T, E, A: Future<Output = Result<T, E>>>(
    deadline: Instant,
    mut delay: impl FnMut(&E) -> Option<Duration>,
    mut attempt: impl FnMut() -> A,
) -> Result<T, E> {
    loop {
        match attempt().await {
            Err(error)
                if let Some(delay) = delay(&error)
                    && Instant::now() + delay < deadline =>
            {
                sleep(delay).await;
            }
            last => return last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Returns the number of attempts, each of which fails until the `good`th, and the error of the last.
    async fn attempts(good: u32, is_final: impl Fn(u32) -> bool) -> (u32, Result<(), u32>) {
        let (deadline, mut made) = (Instant::now() + 3 * SECOND, 0);
        let delay = |error: &u32| (!is_final(*error)).then_some(SECOND);
        let attempt = || {
            made += 1;
            std::future::ready(if made < good { Err(made) } else { Ok(()) })
        };
        let last = retry_until(deadline, delay, attempt).await;
        (made, last)
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_is_repeated_until_it_succeeds_is_refused_or_is_late() {
        assert_eq!(attempts(2, |_| false).await, (2, Ok(())));
        assert_eq!(attempts(9, |error| error == 2).await, (2, Err(2)));
        assert_eq!(attempts(9, |_| false).await, (3, Err(3)), "a fourth would begin at the deadline");
    }
}
