//! SHELL. Full answers: posted into the thread of their race, once, whatever fails on the way.
//!
//! Posted messages are remembered, so pressing again after a failure posts the rest. A message that may have been posted
//! is not posted again: the file, which holds every answer, follows in its place. A claim in the store keeps other
//! replicas from posting too; after a failure another one may claim it, and then posts everything. Those of an open vote,
//! without names, are posted beside those with names.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::CommandHandler;
use crate::{
    race::Record,
    slack::{
        PLATFORM,
        api::{ApiError, File},
        incoming::Incoming,
        posts::Poster,
        render,
    },
    view::results::file_name,
};

/// The time that full answers wait for their turns in the channel.
const POST_TIMEOUT: Duration = Duration::from_mins(2);
/// The number of sets whose progress is remembered.
const MAX_SETS: usize = 500;
const POSTED: &str = "The full answers are in the thread of this race, or on their way there.";

/// The part of a race's full answers that is in its thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    messages: usize,
    /// The last message may or may not be posted.
    is_ambiguous: bool,
    /// Nothing is left to send.
    is_complete: bool,
}

/// The answers that were asked for, by the name under which replicas claim them; `None` while they are being posted.
#[derive(Default)]
pub(in crate::slack) struct FullAnswers(Mutex<VecDeque<(String, Option<Progress>)>>);

impl FullAnswers {
    /// Returns the progress from which to continue; `None` if nothing is left to send.
    fn begin(&self, answers: &str) -> Option<Progress> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, progress)) = all.iter_mut().find(|(known, _)| known == answers) {
            return progress.take_if(|progress| !progress.is_complete);
        }
        all.push_back((answers.to_owned(), None));
        if all.len() > MAX_SETS {
            all.pop_front();
        }
        Some(Progress::default())
    }

    fn end(&self, answers: &str, progress: Progress) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, now)) = all.iter_mut().find(|(known, _)| known == answers) {
            *now = Some(progress);
        }
    }
}

impl CommandHandler {
    /// Posts every answer, whole, into the thread of its race, or what is not there yet.
    pub(super) async fn full_answers(&self, incoming: &Incoming, record: &Record) {
        // the answers of an open vote are others than those of its race
        let kind = if render::is_voting(record) { "blind-answers" } else { "answers" };
        let answers = &format!("{kind}:{}", record.id);
        let Some(thread) = incoming.race_thread() else { return };
        let Some(mut progress) = self.full_answers.begin(answers) else {
            return self.notice(incoming, POSTED).await;
        };
        if !self.arena().claim_delivery(PLATFORM, answers).await {
            self.full_answers.end(answers, progress);
            return self.notice(incoming, POSTED).await;
        }
        let deadline = Instant::now() + POST_TIMEOUT;
        let poster = Poster { api: &self.api, place: &thread, deadline };
        let result = self.arena().unless_interrupted(post_answers(&poster, record, &mut progress)).await;
        if !progress.is_complete {
            self.arena().release_delivery(PLATFORM, answers).await;
        }
        self.full_answers.end(answers, progress);
        let Some(Err(error)) = result else { return };
        tracing::warn!(race = %record.id, %error, ?progress, "failed to post full answers");
        let say = if progress.is_complete {
            "Slack didn't confirm the file with the full answers. It isn't sent twice."
        } else {
            "Slack didn't accept all of the full answers. Press again in a moment for the rest."
        };
        self.notice(incoming, say).await;
    }
}

/// Posts what is missing, and keeps `progress` up to date.
async fn post_answers(poster: &Poster<'_>, record: &Record, progress: &mut Progress) -> Result<(), ApiError> {
    let answers = render::answers(record);
    for message in answers.messages.iter().skip(progress.messages) {
        if progress.is_ambiguous {
            break;
        }
        match poster.post(message).await {
            Err(error) if error.is_ambiguous() => progress.is_ambiguous = true,
            done => drop(done?),
        }
        progress.messages += 1;
    }
    let markdown = if progress.is_ambiguous { Some(render::answers_whole(record)) } else { answers.file };
    let Some(markdown) = markdown else {
        progress.is_complete = true;
        return Ok(());
    };
    let staged = poster.stage(&file(record, markdown)).await?;
    let shared = poster.share(&staged).await;
    progress.is_complete = shared.as_ref().err().is_none_or(ApiError::is_ambiguous);
    shared
}

fn file(record: &Record, markdown: Vec<u8>) -> File {
    let brief = record.id.brief();
    File {
        name: file_name(&if render::is_voting(record) { format!("{brief}-blind") } else { brief }),
        mime: "text/markdown",
        title: "Full answers".into(),
        alt: None,
        bytes: Bytes::from(markdown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_answers_are_posted_once_and_their_rest_after_a_failure() {
        let answers = FullAnswers::default();
        assert_eq!(answers.begin("answers:1"), Some(Progress::default()));
        assert_eq!(answers.begin("answers:1"), None, "they are being posted");
        let part = Progress { messages: 2, ..Progress::default() };
        answers.end("answers:1", part);
        assert_eq!((answers.begin("answers:1"), answers.begin("answers:1")), (Some(part), None));
        answers.end("answers:1", Progress { is_complete: true, ..part });
        assert_eq!(answers.begin("answers:1"), None, "all are posted");
        assert_eq!(
            answers.begin("blind-answers:1"),
            Some(Progress::default()),
            "those of the vote are others"
        );
    }

    #[test]
    fn the_oldest_race_is_forgotten_first() {
        let answers = FullAnswers::default();
        assert!((0..=MAX_SETS).all(|n| answers.begin(&n.to_string()).is_some()));
        assert_eq!(answers.begin("0"), Some(Progress::default()));
        assert_eq!(answers.begin(&MAX_SETS.to_string()), None);
    }
}
