//! The messages of the channel and the news of them, for any number of tabs.
//!
//! Every change gets the next version. A tab holds the version that it has seen and asks for what came after:
//! so it gets the newest state of each message and never a queue of old ones, however slowly it reads, and
//! nobody waits for it. Must not know HTTP, races or what stands in a message.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{race::RaceId, surface::Chart};

/// How many messages are kept; the oldest that is over is forgotten first.
pub(super) const MESSAGES: usize = 200;

/// One message.
#[derive(Clone)]
pub(super) struct Message {
    /// The id of its race.
    pub(super) id: RaceId,
    /// Who may stop it: [`crate::race::Asker::id`]. Never leaves the process.
    pub(super) asker: String,
    /// True when it will not change any more, its chart aside.
    pub(super) over: bool,
    /// Cancelled when its race has ended and is remembered, which is a moment after its last frame.
    pub(super) remembered: CancellationToken,
    /// As the tabs get it.
    pub(super) json: Arc<str>,
    /// Its chart, once there is one.
    pub(super) chart: Option<Arc<Chart>>,
}

/// A point in the channel's history, as text the event id of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    run: Uuid,
    version: u64,
}

impl Position {
    /// Reads what [`std::fmt::Display`] writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (run, version) = text.split_once('.')?;
        Some(Self { run: Uuid::try_parse(run).ok()?, version: version.parse().ok()? })
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.run.simple(), self.version)
    }
}

/// What a tab gets.
pub(super) enum News {
    /// All messages, oldest first: what a tab that knows nothing starts with.
    Snapshot(Vec<Arc<str>>),
    /// One new or changed message.
    Upsert(Arc<str>),
}

/// The channel.
pub(super) struct Channel {
    run: Uuid,
    messages: Mutex<VecDeque<(u64, Message)>>,
    newest: watch::Sender<u64>,
    closing: CancellationToken,
}

impl Channel {
    /// An empty channel.
    pub(super) fn new() -> Self {
        Self {
            run: Uuid::now_v7(),
            messages: Mutex::default(),
            newest: watch::Sender::new(0),
            closing: CancellationToken::new(),
        }
    }

    /// Adds the message or puts it in the place of the one with its id.
    pub(super) fn put(&self, message: Message) {
        let mut messages = self.messages();
        let version = *self.newest.borrow() + 1;
        if let Some(slot) = messages.iter_mut().find(|(_, known)| known.id == message.id) {
            *slot = (version, message);
        } else {
            if messages.len() == MESSAGES {
                let oldest = messages.iter().position(|(_, known)| known.over).unwrap_or(0);
                messages.remove(oldest);
            }
            messages.push_back((version, message));
        }
        self.newest.send_replace(version);
    }

    /// The message of this race; `None` when it was forgotten or never there.
    pub(super) fn find(&self, id: RaceId) -> Option<Message> {
        self.messages().iter().find(|(_, message)| message.id == id).map(|(_, message)| message.clone())
    }

    /// The news after `seen`, each with its position; a snapshot first for a tab that knows nothing or knows
    /// another run of the service. Ends when the channel closes, after the newest state.
    pub(super) fn follow(
        self: Arc<Self>,
        seen: Option<Position>,
    ) -> impl Stream<Item = (Position, News)> + Send {
        let watching = self.newest.subscribe();
        let known = seen.filter(|seen| seen.run == self.run);
        let (first, version) = if let Some(position) = known {
            (None, position.version)
        } else {
            let (position, all) = self.snapshot();
            (Some((position, News::Snapshot(all))), position.version)
        };
        let later = stream::unfold((self, watching, version), async |(channel, mut watching, version)| {
            let (position, news) = channel.next(&mut watching, version).await?;
            Some(((position, News::Upsert(news)), (channel, watching, position.version)))
        });
        stream::iter(first).chain(later)
    }

    /// Ends every stream once it has the newest state.
    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    fn snapshot(&self) -> (Position, Vec<Arc<str>>) {
        let messages = self.messages();
        let position = Position { run: self.run, version: *self.newest.borrow() };
        (position, messages.iter().map(|(_, message)| Arc::clone(&message.json)).collect())
    }

    async fn next(&self, watching: &mut watch::Receiver<u64>, seen: u64) -> Option<(Position, Arc<str>)> {
        loop {
            watching.mark_unchanged();
            if let Some((version, json)) = self.after(seen) {
                return Some((Position { run: self.run, version }, json));
            }
            self.closing.run_until_cancelled(watching.changed()).await?.ok()?;
        }
    }

    /// The oldest change after `seen` that no later change of the same message hides.
    fn after(&self, seen: u64) -> Option<(u64, Arc<str>)> {
        let messages = self.messages();
        let unseen = messages.iter().filter(|(version, _)| *version > seen);
        unseen
            .min_by_key(|(version, _)| *version)
            .map(|(version, message)| (*version, Arc::clone(&message.json)))
    }

    /// Every critical section here is a few plain steps, so a poisoned lock still holds sound data.
    fn messages(&self) -> MutexGuard<'_, VecDeque<(u64, Message)>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn id(n: usize) -> RaceId {
        RaceId::parse(&format!("00000000-0000-7000-8000-{n:012}")).expect("an id")
    }

    fn message(n: usize, over: bool, text: &str) -> Message {
        Message {
            id: id(n),
            asker: String::new(),
            over,
            json: text.into(),
            chart: None,
            remembered: CancellationToken::new(),
        }
    }

    fn said(news: Option<(Position, News)>) -> String {
        match news.expect("news").1 {
            News::Snapshot(all) => format!("[{}]", all.join(" ")),
            News::Upsert(json) => json.to_string(),
        }
    }

    #[tokio::test]
    async fn a_slow_tab_gets_the_newest_state_of_each_message_and_nothing_old() {
        let channel = Arc::new(Channel::new());
        channel.put(message(1, false, "a1"));
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(said(tab.next().await), "[a1]");
        for round in 2..500 {
            channel.put(message(1, false, &format!("a{round}")));
            channel.put(message(2, false, &format!("b{round}")));
        }
        assert_eq!([said(tab.next().await), said(tab.next().await)], ["a499", "b499"]);
        assert!(tab.next().now_or_never().is_none(), "more than the newest state was sent");
    }

    #[tokio::test]
    async fn a_tab_that_comes_back_catches_up_and_one_of_another_run_starts_anew() {
        let channel = Arc::new(Channel::new());
        channel.put(message(1, true, "a"));
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        let (seen, _) = tab.next().await.expect("a snapshot");
        channel.put(message(2, true, "b"));
        let seen = Position::parse(&seen.to_string()).expect("reads its own text");
        let mut back = Box::pin(Arc::clone(&channel).follow(Some(seen)));
        assert_eq!(said(back.next().await), "b");
        let stranger = Position { run: Uuid::nil(), ..seen };
        let mut anew = Box::pin(Arc::clone(&channel).follow(Some(stranger)));
        assert_eq!(said(anew.next().await), "[a b]");
    }

    #[tokio::test]
    async fn closing_ends_a_stream_after_the_newest_state() {
        let channel = Arc::new(Channel::new());
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(said(tab.next().await), "[]");
        channel.put(message(1, true, "last"));
        channel.close();
        assert_eq!(said(tab.next().await), "last");
        assert!(tab.next().await.is_none());
    }

    #[test]
    fn the_oldest_message_that_is_over_is_forgotten_first() {
        let channel = Channel::new();
        channel.put(message(0, false, "live"));
        for n in 1..=MESSAGES {
            channel.put(message(n, true, "over"));
        }
        assert!(channel.find(id(0)).is_some() && channel.find(id(1)).is_none());
        assert_eq!(channel.snapshot().1.len(), MESSAGES);
    }
}
