//! SHELL. Pictures that buttons ask for: the replay, posted into the thread of its race, and the share card, posted
//! beside the race. Each is posted once; after a failure the button may be pressed again.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use super::CommandHandler;
use crate::{
    race::Record,
    slack::{
        PLATFORM,
        api::{ApiError, ChannelThread, File},
        incoming::Incoming,
        posts::{Poster, png},
    },
    view::results::{replay_name, share_name},
};

/// The time that a picture waits for its turn in the channel.
const POST_TIMEOUT: Duration = Duration::from_mins(2);

impl CommandHandler {
    /// Posts the replay of a race into its thread.
    pub(super) async fn replay(&self, incoming: &Incoming, record: &Arc<Record>) {
        let Some(thread) = incoming.race_thread() else { return };
        let drawn = async {
            let replay = self.arena().replay_of(record).await?;
            Some(File {
                name: replay_name(&record.id.brief()),
                mime: "image/gif",
                title: "Replay of the race".into(),
                alt: Some(replay.alt),
                bytes: Bytes::from(replay.gif),
            })
        };
        let posted = "The replay is in the thread of this race, or on its way there.";
        self.picture(incoming, &thread, (&format!("replay:{}", record.id), posted), drawn).await;
    }

    /// Posts the share card of a race where the race is.
    pub(super) async fn share(&self, incoming: &Incoming, record: &Arc<Record>) {
        let Some(place) = &incoming.place else { return };
        let drawn = async {
            let card = self.arena().share_card_of(record).await?;
            Some(png(share_name(&record.id.brief()), "Result of a race", card))
        };
        let posted = "This race is shared here already, or is about to be.";
        self.picture(incoming, place, (&format!("share:{}", record.id), posted), drawn).await;
    }

    /// Posts a picture to `place` unless `once` was claimed before; then the person gets `notice`.
    async fn picture(
        &self,
        incoming: &Incoming,
        place: &ChannelThread,
        (once, notice): (&str, &str),
        drawn: impl Future<Output = Option<File>>,
    ) {
        if !self.arena().claim_delivery(PLATFORM, once).await {
            return self.notice(incoming, notice).await;
        }
        let posting = async {
            let Some(file) = drawn.await else { return Ok(false) };
            let poster = Poster { api: &self.api, place, deadline: Instant::now() + POST_TIMEOUT };
            poster.show(&file).await.map(|()| true)
        };
        let result = self.arena().unless_interrupted(Box::pin(posting)).await;
        let say = match &result {
            Some(Ok(true)) => return,
            Some(Err(error)) if error.is_ambiguous() => {
                "Slack didn't confirm the picture. It isn't sent twice."
            }
            Some(Ok(false)) => "The picture couldn't be drawn. Try again in a moment.",
            Some(Err(_)) | None => "Slack didn't accept the picture. Try again in a moment.",
        };
        if let Some(Err(error)) = &result {
            tracing::warn!(once, %error, "failed to post a picture");
        }
        if !matches!(&result, Some(Err(error)) if ApiError::is_ambiguous(error)) {
            self.arena().release_delivery(PLATFORM, once).await;
        }
        self.notice(incoming, say).await;
    }
}
