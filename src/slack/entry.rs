//! SHELL. Whose token it is: asked until Slack says so, or refuses the token for good.
//!
//! Must not know how Slack is asked, or what follows.

use std::time::Duration;

use tokio::{sync::watch, time::sleep};

use super::{
    WRONG_TOKEN,
    api::{ApiError, Identity},
};

/// The first wait after Slack did not say whose token it is; it doubles.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_MOST: Duration = Duration::from_secs(30);

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Nothing yet, and why.
    Waiting(String),
    Done,
    /// It will not get better by itself.
    Refused(String),
}

/// Whose token it is; `None` when Slack refuses it.
pub(super) async fn enter<A: Future<Output = Result<Identity, ApiError>>>(
    mut ask: impl FnMut() -> A,
    entry: &watch::Sender<Entry>,
) -> Option<Identity> {
    let mut again = AGAIN;
    loop {
        match ask().await {
            Ok(identity) => return Some(identity),
            Err(ApiError::Unauthorized) => {
                entry.send_replace(Entry::Refused(WRONG_TOKEN.into()));
                tracing::error!("{WRONG_TOKEN}");
                return None;
            }
            Err(error) => {
                let why = format!("Slack's API at the configured address: {}", error.chain());
                entry.send_replace(Entry::Waiting(why));
                tracing::warn!(error = error.chain(), again_in = ?again, "the token is not checked yet");
                sleep(again).await;
                again = (again * 2).min(AGAIN_MOST);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const NO_TIME: Duration = Duration::ZERO;

    /// Enters where Slack gives `trouble` for so long: in which seconds it was asked, and what is known in the end.
    async fn enters(trouble: ApiError, away: Duration) -> (Vec<u64>, Option<Identity>, Entry) {
        let (start, mut asked) = (Instant::now(), vec![]);
        let entry = watch::Sender::new(Entry::Waiting("not asked".into()));
        let ask = || {
            asked.push(start.elapsed().as_secs());
            let is_back = start.elapsed() >= away && away > NO_TIME;
            let identity = Identity { team: "T1".into(), user: "U1".into(), bot: None, url: String::new() };
            let answer = if is_back { Ok(identity) } else { Err(trouble.clone()) };
            async move { answer }
        };
        let identity = enter(ask, &entry).await;
        let known = entry.borrow().clone();
        (asked, identity, known)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slack_that_is_away_for_minutes_is_found_within_half_a_minute() {
        let proxy = ApiError::Refused { code: "http_403".into() };
        for trouble in [ApiError::Server { status: 503 }, proxy] {
            let (asked, identity, known) = enters(trouble, Duration::from_mins(1)).await;
            assert_eq!(asked, [0, 1, 3, 7, 15, 31, 61]);
            assert!(identity.is_some() && matches!(known, Entry::Waiting(_)), "{known:?}");
        }
        let (asked, ..) = enters(ApiError::Server { status: 503 }, Duration::from_mins(3)).await;
        assert_eq!(asked[7..], [91, 121, 151, 181]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_slack_refuses_is_shown_once() {
        let (asked, identity, known) = enters(ApiError::Unauthorized, NO_TIME).await;
        assert_eq!((asked, identity, known), (vec![0], None, Entry::Refused(WRONG_TOKEN.into())));
    }
}
