//! SHELL. The history of the channel after a start: the messages of races that the store has. An open vote goes on.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{
    LocalChannel, PLATFORM,
    channel::{MAX_MESSAGES, Message},
    render::{self, Facts},
};
use crate::{
    arena::{ChannelHistory, Finisher, LookupError, chart_alt},
    race::{RaceId, Record},
    surface::SurfaceError,
    view::View,
};

/// The time that the store gets to be opened before tabs read that the history is missing.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// The interval between two attempts.
const RETRY_DELAY: Duration = Duration::from_secs(1);

const UNAVAILABLE: &str =
    "Earlier races can't be shown: the database is unavailable. They appear here as soon as it works again.";

impl LocalChannel {
    /// Adds the messages of earlier races, once the store works.
    pub async fn restore(&self) {
        let mut is_noted = false;
        loop {
            if self.arena.wait_until_stored(STORE_TIMEOUT).await
                && let Ok((messages, note)) = self.earlier().await
            {
                if is_noted || note.is_some() || !messages.is_empty() {
                    self.channel.restore(messages, note);
                }
                return;
            }
            if !std::mem::replace(&mut is_noted, true) {
                self.channel.restore(vec![], Some(UNAVAILABLE.to_owned()));
            }
            sleep(RETRY_DELAY).await;
        }
    }

    /// Returns the messages of earlier races, and a sentence about those that are missing.
    async fn earlier(&self) -> Result<(Vec<(Message, String)>, Option<String>), LookupError> {
        let history = self.arena.channel_history(PLATFORM, MAX_MESSAGES as u64).await?;
        let mut messages = Vec::with_capacity(history.races.len());
        for id in &history.races {
            match self.arena.channel_race(PLATFORM, *id).await {
                Ok(record) => messages.push(self.followed(&record).await?),
                Err(LookupError::Unavailable) => return Err(LookupError::Unavailable),
                Err(_) => {}
            }
        }
        Ok((messages, note(&history)))
    }

    /// Shows the end of a race that another process held, where this one still shows its vote as open.
    pub(super) async fn catch_up(&self, id: RaceId) {
        let is_open = self.channel.find(id).is_some_and(|message| !message.is_over);
        // of a race of its own this process shows the end itself
        if !is_open || self.arena.record_of(id).is_some() {
            return;
        }
        if let Ok(record) = self.arena.channel_race(PLATFORM, id).await
            && let Ok((message, json)) = self.followed(&record).await
            && message.is_over
        {
            self.channel.put(message, &json);
        }
    }

    /// Returns the [`Self::message`] of a race whose vote goes on here if it is open.
    async fn followed(&self, record: &Record) -> Result<(Message, String), LookupError> {
        let (message, json) = self.message(record).await?;
        if !message.is_over {
            self.audience.expect_several();
        }
        Ok((message, json))
    }

    /// Returns the message of a race whose lanes are over, with its JSON.
    pub(super) async fn message(&self, record: &Record) -> Result<(Message, String), LookupError> {
        let recorded = CancellationToken::new();
        recorded.cancel();
        let asker = record.asker.id.clone();
        let view = View::over(&record.asker.name, &record.report);
        let parent = view.circumstances.parent;
        let parent_prompt = match parent {
            Some(parent) => self.excerpt(parent).await?,
            None => None,
        };
        let alt = chart_alt(&record.report).filter(|_| view.is_final());
        let facts = Facts {
            id: record.id,
            at: record.started_at,
            asker: &asker,
            parent_prompt: parent_prompt.as_deref(),
            follow_ups: &self.arena.follow_ups(&record.report),
            alt: alt.as_deref(),
        };
        let json = render::message(facts, &view);
        Ok((Message { id: record.id, asker, parent, is_over: view.is_final(), recorded, chart: None }, json))
    }

    /// Returns the beginning of the prompt of a race; `None` if that was deleted.
    async fn excerpt(&self, id: RaceId) -> Result<Option<String>, LookupError> {
        match self.arena.channel_race(PLATFORM, id).await {
            Ok(record) => Ok(Some(render::excerpt(&record.report.prompt))),
            Err(LookupError::Unavailable) => Err(LookupError::Unavailable),
            Err(_) => Ok(None),
        }
    }
}

/// A message of the channel holds what the store has, so it is made anew from there.
#[async_trait]
impl Finisher for LocalChannel {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    async fn finish(&self, id: RaceId, _: &str, _: &View) -> Result<(), SurfaceError> {
        let message = async { self.followed(&self.arena.channel_race(PLATFORM, id).await?).await };
        let (message, json) = message.await.map_err(|error| match error {
            LookupError::Unavailable => SurfaceError::Transient { source: Arc::new(error) },
            _ => SurfaceError::Deleted,
        })?;
        self.channel.put(message, &json);
        Ok(())
    }
}

/// Returns a sentence about the races whose texts are gone, if there are any.
fn note(history: &ChannelHistory) -> Option<String> {
    let races = match history.without_text {
        0 => return None,
        1 => "1 earlier race isn't shown".to_owned(),
        races => format!("{races} earlier races aren't shown"),
    };
    Some(if history.keeps_text {
        format!("{races}: the prompts and answers were deleted, on request or because of their age.")
    } else {
        format!("{races}: this service doesn't store prompts and answers (text_days = 0).")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn races_without_texts_are_counted_in_a_sentence() {
        let history = |without_text, keeps_text| ChannelHistory { races: vec![], without_text, keeps_text };
        assert_eq!(note(&history(0, true)), None);
        let one = note(&history(1, true)).expect("a sentence");
        assert!(one.starts_with("1 earlier race isn't shown: ") && one.contains("deleted"), "{one}");
        let many = note(&history(12, false)).expect("a sentence");
        assert!(
            many.starts_with("12 earlier races aren't shown: ") && many.contains("text_days = 0"),
            "{many}"
        );
    }
}
