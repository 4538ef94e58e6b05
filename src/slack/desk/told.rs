//! SHELL. Full answers: posted into the thread of their race, once, whatever trouble there is on the way.
//!
//! What stands there is remembered, so who presses again after trouble gets the rest. A message of which nobody knows
//! whether it was posted is not posted again: the file, which holds every answer, follows in its place. That others do
//! not post them too is in the store; after trouble another replica may, and then posts all of them. Must not know how a
//! press arrives.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::Desk;
use crate::{
    race::{RaceId, Record},
    slack::{
        api::{ApiError, File, Place},
        incoming::{Incoming, Kind},
        meter, posts, render,
    },
};

/// How long full answers wait for their turns in the channel.
const TURNS: Duration = Duration::from_mins(2);
/// How many races are remembered whose full answers were asked for.
const TOLD: usize = 500;
const STANDS: &str = "The full answers stand in the thread of this race, or are on their way there.";

/// What of a race's full answers stands in its thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Standing {
    messages: usize,
    /// Nobody knows of the last of them.
    is_unsure: bool,
    /// Nothing more is to be sent.
    is_all: bool,
}

/// The races whose full answers were asked for; `None` while they are on their way.
#[derive(Default)]
pub(in crate::slack) struct Told(Mutex<VecDeque<(RaceId, Option<Standing>)>>);

impl Told {
    /// What stands there before the rest is sent; `None` if nothing is to be sent.
    fn begin(&self, id: RaceId) -> Option<Standing> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, stands)) = told.iter_mut().find(|(told, _)| *told == id) {
            return stands.take_if(|stands| !stands.is_all);
        }
        told.push_back((id, None));
        if told.len() > TOLD {
            told.pop_front();
        }
        Some(Standing::default())
    }

    fn end(&self, id: RaceId, stands: Standing) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, now)) = told.iter_mut().find(|(told, _)| *told == id) {
            *now = Some(stands);
        }
    }
}

impl Desk {
    /// Puts every answer, whole, into the thread of its race, or what is not there yet.
    pub(super) async fn answers(&self, incoming: &Incoming, id: RaceId) {
        let Some(record) = self.record(incoming, id).await else { return };
        let Some(thread) = thread(incoming) else { return };
        let Some(mut stands) = self.told.begin(id) else { return self.notice(incoming, STANDS).await };
        let once = format!("answers:{id}");
        if !self.arena.is_first(meter::PLATFORM, &once).await {
            self.told.end(id, stands);
            return self.notice(incoming, STANDS).await;
        }
        let told = self.arena.unless_interrupted(self.tell(&thread, &record, &mut stands)).await;
        if !stands.is_all {
            self.arena.may_come_again(meter::PLATFORM, &once).await;
        }
        self.told.end(id, stands);
        let Some(Err(error)) = told else { return };
        tracing::warn!(race = %id, error = error.chain(), ?stands, "full answers were not posted");
        let say = if stands.is_all {
            "Slack did not say whether the file with the full answers came. It is not sent twice."
        } else {
            "Slack did not take all of the full answers. Press again in a moment for the rest."
        };
        self.notice(incoming, say).await;
    }

    /// Sends what is missing, and notes what stands there.
    async fn tell(&self, thread: &Place, record: &Record, stands: &mut Standing) -> Result<(), ApiError> {
        let until = Instant::now() + TURNS;
        let answers = render::answers(record);
        for message in answers.messages.iter().skip(stands.messages) {
            if stands.is_unsure {
                break;
            }
            match posts::post(&self.api, thread, message, until).await {
                Err(error) if error.is_ambiguous() => stands.is_unsure = true,
                posted => drop(posted?),
            }
            stands.messages += 1;
        }
        let markdown = if stands.is_unsure { Some(render::answers_whole(record)) } else { answers.file };
        let Some(markdown) = markdown else {
            stands.is_all = true;
            return Ok(());
        };
        let staged = posts::stage(&self.api, &file(record, markdown), until).await?;
        let shared = posts::share(&self.api, thread, &staged, until).await;
        stands.is_all = shared.as_ref().err().is_none_or(ApiError::is_ambiguous);
        shared
    }
}

fn file(record: &Record, markdown: Vec<u8>) -> File {
    File {
        name: render::answers_file(record.id),
        mime: "text/markdown",
        title: "Full answers".into(),
        alt: None,
        bytes: Bytes::from(markdown),
    }
}

/// The thread below the message whose button was pressed, or the one that it stands in.
fn thread(incoming: &Incoming) -> Option<Place> {
    let Kind::Button { message, .. } = &incoming.kind else { return None };
    let place = incoming.place.as_ref()?;
    let thread = place.thread.clone().or_else(|| message.clone());
    Some(Place { channel: place.channel.clone(), thread })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn race(n: usize) -> RaceId {
        RaceId::parse(&format!("0192f3a1-0000-7000-8000-{n:012}")).expect("an id")
    }

    #[test]
    fn full_answers_are_sent_by_one_and_their_rest_after_trouble() {
        let told = Told::default();
        assert_eq!(told.begin(race(1)), Some(Standing::default()));
        assert_eq!(told.begin(race(1)), None, "they are on their way");
        let part = Standing { messages: 2, ..Standing::default() };
        told.end(race(1), part);
        assert_eq!((told.begin(race(1)), told.begin(race(1))), (Some(part), None));
        told.end(race(1), Standing { is_all: true, ..part });
        assert_eq!(told.begin(race(1)), None, "all is there");
    }

    #[test]
    fn it_remembers_no_more_races_than_it_must() {
        let told = Told::default();
        assert!((0..=TOLD).all(|n| told.begin(race(n)).is_some()));
        assert_eq!((told.begin(race(0)), told.begin(race(TOLD))), (Some(Standing::default()), None));
    }
}
