//! SHELL. Words for one person, by whatever way there is to them: the response URL of what they did, their direct
//! message, a whisper in the channel.
//!
//! Must not know what is said.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    arena::Arena,
    slack::{
        api::{Api, ApiError, method},
        incoming::Incoming,
        posts,
        render::Body,
    },
};

/// How long words to one person are tried for.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two tries.
const AGAIN: Duration = Duration::from_secs(1);
/// What a restart has left for words.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often words in private are sent of which nobody knows whether they came: said twice they do less harm than
/// not at all, but a response URL takes five.
const LOST: u32 = 3;

/// Words for a response URL, with the thread that they belong in: it leads to the channel where none is named.
#[derive(Serialize)]
struct Threaded<'b> {
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'b str>,
    #[serde(flatten)]
    body: &'b Body,
}

/// The ways to the one who did `incoming`.
pub(super) struct Reply<'a> {
    pub(super) arena: &'a Arena,
    pub(super) api: &'a Api,
    pub(super) incoming: &'a Incoming,
}

impl Reply<'_> {
    /// Says `body` to them.
    pub(super) async fn say(&self, body: &Body) {
        let _ = self.arena.unless_interrupted(self.tell(body, false)).await;
    }

    /// Says `body` in place of the words of ours that they were answered with, where there were any.
    pub(super) async fn instead(&self, body: &Body) {
        let _ = self.arena.unless_interrupted(self.tell(body, true)).await;
    }

    /// Says `body` to them although a restart waits.
    pub(super) async fn say_at_the_end(&self, body: &Body) {
        if timeout(LAST_WORDS, self.tell(body, false)).await.is_err() {
            tracing::warn!("an answer was not given before the end");
        }
    }

    async fn tell(&self, body: &Body, replace: bool) {
        let until = Instant::now() + PATIENCE;
        let mut lost = 0;
        loop {
            let wait = match self.once(body, replace, until).await {
                Ok(()) => return,
                Err(ApiError::Limited { retry_after }) => retry_after,
                Err(error) if error.is_ambiguous() && lost + 1 < self.lost() => {
                    lost += 1;
                    AGAIN
                }
                Err(error) if error.is_transient() && !error.is_ambiguous() => AGAIN,
                Err(error) => return tracing::warn!(error = error.chain(), "an answer was not given"),
            };
            if Instant::now() + wait >= until {
                return tracing::warn!("an answer was not given in time");
            }
            sleep(wait).await;
        }
    }

    /// How often words may be lost: what stands in a direct message stands there for good, and is posted once.
    fn lost(&self) -> u32 {
        let is_post = self.incoming.is_dm && self.incoming.response_url.is_none();
        if is_post { 1 } else { LOST }
    }

    async fn once(&self, body: &Body, replace: bool, until: Instant) -> Result<(), ApiError> {
        let Some(url) = &self.incoming.response_url else { return self.aside(body, until).await };
        let thread_ts = self.incoming.place.as_ref().and_then(|place| place.thread.as_deref());
        match self.api.respond(url, &Threaded { thread_ts, body }, replace).await {
            // a form may be sent long after the command that opened it
            Err(ApiError::Gone) => self.aside(body, until).await,
            done => done,
        }
    }

    /// Without a response URL.
    async fn aside(&self, body: &Body, until: Instant) -> Result<(), ApiError> {
        let Incoming { place: Some(place), user, is_dm, .. } = self.incoming else {
            return Err(ApiError::Gone);
        };
        if *is_dm {
            return posts::post(self.api, place, body, until).await.map(drop);
        }
        let turn = self.api.gate().wait(method::WHISPER, until).await;
        let pass = turn.map_err(|retry_after| ApiError::Limited { retry_after })?;
        let whispered = self.api.whisper(place, user, body).await;
        pass.settle(&whispered);
        whispered
    }
}

/// Why a race was not posted, and the way out, for the asker.
pub(super) fn not_posted(error: &ApiError, incoming: &Incoming) -> String {
    match error {
        ApiError::NotInChannel if incoming.is_dm => {
            "I am not part of this conversation, so I cannot post here. Ask in a channel, or write to me directly; \
             no model was called."
                .into()
        }
        ApiError::NotInChannel => {
            "I am not in this channel, so I cannot post here. Type `/invite @LLM Arena`, then ask again; no model \
             was called."
                .into()
        }
        ApiError::Closed => "Nobody may post in this channel, or I may not. No model was called.".into(),
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
