//! SHELL. Messages for one person, by the way that is open: the response URL of what they did, their direct message, an
//! ephemeral message in the channel.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::{
    arena::Arena,
    platform::retry_until,
    slack::{
        api::{Api, ApiError},
        incoming::Incoming,
        posts::Poster,
        render::Body,
    },
};

/// The time for which a message to one person is retried.
const REPLY_TIMEOUT: Duration = Duration::from_mins(1);
/// The wait between two attempts.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// The time that a message may take in a restart.
const RESTART_REPLY_TIMEOUT: Duration = Duration::from_secs(1);
/// The maximum number of times that a private message is sent without knowing whether it arrived: twice does less harm than
/// never, but a response URL takes five.
const MAX_AMBIGUOUS: u32 = 3;

/// The ways to the person behind `incoming`.
pub(super) struct Reply<'a> {
    pub(super) arena: &'a Arena,
    pub(super) api: &'a Api,
    pub(super) incoming: &'a Incoming,
}

impl Reply<'_> {
    /// Sends `body` to the person.
    pub(super) async fn say(&self, body: &Body) {
        let _ = self.arena.unless_interrupted(self.send(body, false)).await;
    }

    /// Replaces the message of the acknowledgement with `body`, or sends it where there was none.
    pub(super) async fn instead(&self, body: &Body) {
        let _ = self.arena.unless_interrupted(self.send(body, true)).await;
    }

    /// Sends `body` to the person during a restart.
    pub(super) async fn say_at_the_end(&self, body: &Body) {
        if timeout(RESTART_REPLY_TIMEOUT, self.send(body, false)).await.is_err() {
            tracing::warn!("failed to answer a person before the restart");
        }
    }

    async fn send(&self, body: &Body, replace: bool) {
        let until = Instant::now() + REPLY_TIMEOUT;
        let mut ambiguous = 0;
        let delay = |error: &ApiError| match error {
            ApiError::Limited { retry_after } => Some(*retry_after),
            error if error.is_ambiguous() => {
                ambiguous += 1;
                (ambiguous < self.max_ambiguous()).then_some(RETRY_DELAY)
            }
            error => error.is_transient().then_some(RETRY_DELAY),
        };
        if let Err(error) = retry_until(until, delay, || self.once(body, replace, until)).await {
            tracing::warn!(%error, "failed to answer a person");
        }
    }

    /// Returns how often a message may be sent without knowing whether it arrived. One in a direct message stays for good
    /// and is posted once.
    fn max_ambiguous(&self) -> u32 {
        let is_post = self.incoming.is_dm() && self.incoming.response_url.is_none();
        if is_post { 1 } else { MAX_AMBIGUOUS }
    }

    async fn once(&self, body: &Body, replace: bool, until: Instant) -> Result<(), ApiError> {
        let Some(url) = &self.incoming.response_url else { return self.without_url(body, until).await };
        let thread = self.incoming.place.as_ref().and_then(|place| place.thread.as_deref());
        match self.api.respond(url, thread, body, replace).await {
            // a form may be sent long after the command that opened it
            Err(ApiError::Gone) => self.without_url(body, until).await,
            done => done,
        }
    }

    /// Sends `body` without a response URL.
    async fn without_url(&self, body: &Body, until: Instant) -> Result<(), ApiError> {
        let Some(place) = &self.incoming.place else { return Err(ApiError::Gone) };
        if place.is_dm() {
            return Poster { api: self.api, place, deadline: until }.post(body).await.map(drop);
        }
        self.api.post_ephemeral(place, &self.incoming.user, body).await
    }
}

/// Returns why a race was not posted, and the way out, for the asker.
pub(super) fn not_posted(error: &ApiError, incoming: &Incoming) -> String {
    match error {
        ApiError::NotInChannel if incoming.is_dm() => {
            "I'm not part of this conversation, so I can't post here. Ask in a channel, or message me directly. No \
             model was called."
                .into()
        }
        ApiError::NotInChannel => {
            "I'm not in this channel, so I can't post here. Type `/invite @LLM Arena`, then ask again. No model was \
             called."
                .into()
        }
        ApiError::Closed => "This channel is closed for posts, at least for me. No model was called.".into(),
        ApiError::Gone => "The thread is gone. No model was called.".into(),
        ApiError::Limited { .. } => {
            "Too much is being posted here right now. No model was called; try again in a minute.".into()
        }
        ApiError::MissingScope { needed } => format!(
            "This app lacks the permission `{needed}`: its manifest should be updated and the app installed again. \
             No model was called."
        ),
        error if error.is_ambiguous() => {
            "Slack did not say whether the message was posted, so no model was called. Ask again.".into()
        }
        _ => "Slack did not take the message. No model was called; try again in a moment.".into(),
    }
}
