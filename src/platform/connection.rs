//! The progress of a platform: its start (token checked, commands registered) and its connection.

use std::fmt::Display;

use tokio::{sync::watch, time::sleep};

use crate::backoff::Backoff;

/// The state of a connection to a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// The connection was never established yet.
    Connecting,
    /// The connection is established.
    Ready,
    /// The connection was lost or could not be established; it is retried.
    Lost {
        /// The reason in one sentence for the log and `/readyz`, without secrets.
        why: String,
    },
    /// The platform refuses the connection for good: the operator must act and restart the service.
    Refused {
        /// The reason and the way out.
        why: String,
    },
}

/// The progress of the start: the checks that need the platform's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Startup {
    /// Not done yet: the reason.
    Waiting(String),
    /// Everything is checked and registered.
    Done,
    /// Refused for good: the reason and the way out.
    Refused(String),
}

/// The reason why an attempt to start, or to open a connection, failed. One sentence without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StartupError {
    /// A permanent refusal: the reason and the way out.
    Refused(String),
    /// A failure that may pass: the reason.
    Passing(String),
}

/// Repeats `attempt` until it succeeds, and keeps `state` up to date. Returns `None` if the platform refuses for good.
/// `platform` names it in sentences.
pub(crate) async fn start<T, A: Future<Output = Result<T, StartupError>>>(
    platform: &str,
    state: &watch::Sender<Startup>,
    mut backoff: Backoff,
    mut attempt: impl FnMut() -> A,
) -> Option<T> {
    loop {
        match attempt().await {
            Ok(done) => {
                state.send_replace(Startup::Done);
                return Some(done);
            }
            // readiness knows it before the log does
            Err(StartupError::Refused(why)) => {
                state.send_replace(Startup::Refused(why.clone()));
                tracing::error!("{why}");
                return None;
            }
            Err(StartupError::Passing(error)) => {
                let wait = backoff.next(0.0);
                state.send_replace(Startup::Waiting(format!(
                    "{platform}'s API at the configured address: {error}"
                )));
                tracing::warn!(error, retry_in = ?wait, "{platform} is not ready yet");
                sleep(wait).await;
            }
        }
    }
}

/// Returns what readiness still misses of `platform`, one sentence each; `connection` is `None` in mode http.
pub(crate) fn missing(
    platform: &str,
    startup: &Startup,
    connection: Option<&ConnectionState>,
) -> Vec<String> {
    let sentence = |why: &dyn Display| {
        let why = why.to_string();
        if why.starts_with(platform) { why } else { format!("{platform}: {why}") }
    };
    let startup = match startup {
        Startup::Done => None,
        Startup::Waiting(why) => Some(sentence(why)),
        // the connection has the same trouble
        Startup::Refused(why) => return vec![sentence(why)],
    };
    let connection = match connection {
        None | Some(ConnectionState::Ready) => None,
        Some(ConnectionState::Connecting) => Some(sentence(&"not connected yet")),
        Some(ConnectionState::Lost { why } | ConnectionState::Refused { why }) => Some(sentence(why)),
    };
    startup.into_iter().chain(connection).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Starts where each attempt fails until `away` is over, for ever if it is zero: the seconds of the attempts and
    /// the outcome.
    async fn starts(refused: bool, away: Duration) -> (Vec<u64>, Option<()>, Startup) {
        let (start_at, mut attempts) = (Instant::now(), vec![]);
        let state = watch::Sender::new(Startup::Waiting("not asked".into()));
        let attempt = || {
            attempts.push(start_at.elapsed().as_secs());
            let is_back = start_at.elapsed() >= away && !refused;
            let failed = if refused {
                StartupError::Refused("no".into())
            } else {
                StartupError::Passing("503".into())
            };
            async move { if is_back { Ok(()) } else { Err(failed) } }
        };
        let done = start("Slack", &state, Backoff::new(SECOND, 30 * SECOND), attempt).await;
        let known = state.borrow().clone();
        (attempts, done, known)
    }

    #[tokio::test(start_paused = true)]
    async fn a_platform_that_is_down_for_minutes_is_found_within_half_a_minute() {
        let (attempts, done, known) = starts(false, 180 * SECOND).await;
        assert_eq!(attempts, [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181]);
        assert_eq!((done, known), (Some(()), Startup::Done));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_refused_is_tried_once() {
        assert_eq!(starts(true, SECOND).await, (vec![0], None, Startup::Refused("no".into())));
    }

    #[test]
    fn what_is_missing_is_said_once_with_the_platforms_name() {
        let lost = ConnectionState::Lost { why: "no route".into() };
        let refused = Startup::Refused("Slack refuses the token".into());
        assert_eq!(missing("Slack", &refused, Some(&lost)), ["Slack refuses the token"]);
        let waiting = Startup::Waiting("503".into());
        assert_eq!(missing("Slack", &waiting, Some(&lost)), ["Slack: 503", "Slack: no route"]);
        assert_eq!(
            missing("Slack", &Startup::Done, Some(&ConnectionState::Connecting)),
            ["Slack: not connected yet"]
        );
        assert!(missing("Slack", &Startup::Done, None).is_empty());
    }
}
