//! The messages of the channel, and their updates for any number of tabs.
//!
//! Every change gets the next version number. A tab names the last version that it received and gets what is newer: the
//! latest state of each message, never a backlog of old ones. So a slow tab holds nothing up.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{race::RaceId, surface::Chart};

/// The number of messages that are kept. Beyond it the oldest finished one is dropped.
pub(super) const MAX_MESSAGES: usize = 200;

/// One message.
#[derive(Clone)]
pub(super) struct Message {
    /// The id of its race.
    pub(super) id: RaceId,
    /// The id of the user who may stop it. It never leaves the process.
    pub(super) asker: String,
    /// True if nothing but its chart will change.
    pub(super) is_over: bool,
    /// Cancelled once the race's record is available, shortly after its last frame.
    pub(super) recorded: CancellationToken,
    /// The JSON that tabs receive.
    pub(super) json: Arc<str>,
    /// Its chart, once it is drawn.
    pub(super) chart: Option<Arc<Chart>>,
}

/// A point in the channel's history. Its text is the event id of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The run of the service: versions start again with each.
    run: Uuid,
    version: u64,
}

impl Position {
    /// Parses the text that [`std::fmt::Display`] writes.
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

/// An update for a tab.
pub(super) enum Update {
    /// All messages, oldest first.
    Snapshot(Vec<Arc<str>>),
    /// One new or changed message.
    Upsert(Arc<str>),
}

/// The channel.
pub(super) struct Channel {
    run: Uuid,
    messages: Mutex<VecDeque<(u64, Message)>>,
    /// The version of the last removal on request: a tab with an older one starts over.
    removed: AtomicU64,
    version: watch::Sender<u64>,
    closing: CancellationToken,
}

impl Channel {
    /// An empty channel.
    pub(super) fn new() -> Self {
        Self {
            run: Uuid::now_v7(),
            messages: Mutex::default(),
            removed: AtomicU64::new(0),
            version: watch::Sender::new(0),
            closing: CancellationToken::new(),
        }
    }

    /// Adds the message or replaces the one with its id. A chart alone adds none: its message was removed.
    pub(super) fn put(&self, message: Message) {
        let mut messages = self.messages();
        let version = *self.version.borrow() + 1;
        if let Some(slot) = messages.iter_mut().find(|(_, known)| known.id == message.id) {
            *slot = (version, message);
        } else if message.chart.is_some() {
            return;
        } else {
            if messages.len() == MAX_MESSAGES {
                let oldest = messages.iter().position(|(_, known)| known.is_over).unwrap_or(0);
                messages.remove(oldest);
            }
            messages.push_back((version, message));
        }
        self.version.send_replace(version);
    }

    /// Removes the finished messages of `asker` and those of `races`, from every tab.
    pub(super) fn forget(&self, asker: &str, races: &[RaceId]) {
        let mut messages = self.messages();
        let before = messages.len();
        messages.retain(|(_, known)| !known.is_over || (known.asker != asker && !races.contains(&known.id)));
        if messages.len() < before {
            let version = *self.version.borrow() + 1;
            self.removed.store(version, Ordering::Release);
            self.version.send_replace(version);
        }
    }

    /// The message of this race; `None` where it is unknown or was dropped.
    pub(super) fn find(&self, id: RaceId) -> Option<Message> {
        self.messages().iter().find(|(_, message)| message.id == id).map(|(_, message)| message.clone())
    }

    /// Streams the updates after `seen`, each with its position; first a snapshot where `seen` is `None` or of another run
    /// of the service. When the channel closes, the stream ends after the latest state.
    pub(super) fn follow(
        self: Arc<Self>,
        seen: Option<Position>,
    ) -> impl Stream<Item = (Position, Update)> + Send {
        let watching = self.version.subscribe();
        let known = seen.filter(|seen| seen.run == self.run);
        let (first, version) = if let Some(position) = known {
            (None, position.version)
        } else {
            let (position, all) = self.snapshot();
            (Some((position, Update::Snapshot(all))), position.version)
        };
        let later = stream::unfold((self, watching, version), async |(channel, mut watching, version)| {
            let (position, update) = channel.next(&mut watching, version).await?;
            Some(((position, update), (channel, watching, position.version)))
        });
        stream::iter(first).chain(later)
    }

    /// Ends every stream once it has the latest state.
    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    fn snapshot(&self) -> (Position, Vec<Arc<str>>) {
        let messages = self.messages();
        let position = Position { run: self.run, version: *self.version.borrow() };
        (position, messages.iter().map(|(_, message)| Arc::clone(&message.json)).collect())
    }

    async fn next(&self, watching: &mut watch::Receiver<u64>, seen: u64) -> Option<(Position, Update)> {
        loop {
            watching.mark_unchanged();
            if self.removed.load(Ordering::Acquire) > seen {
                let (position, all) = self.snapshot();
                return Some((position, Update::Snapshot(all)));
            }
            if let Some((version, json)) = self.after(seen) {
                return Some((Position { run: self.run, version }, Update::Upsert(json)));
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

    /// Locks the messages. No critical section can panic half way, so a poisoned lock still guards valid data.
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

    fn message(n: usize, is_over: bool, text: &str) -> Message {
        Message {
            id: id(n),
            asker: String::new(),
            is_over,
            json: text.into(),
            chart: None,
            recorded: CancellationToken::new(),
        }
    }

    fn text(update: Option<(Position, Update)>) -> String {
        match update.expect("an update").1 {
            Update::Snapshot(all) => format!("[{}]", all.join(" ")),
            Update::Upsert(json) => json.to_string(),
        }
    }

    #[tokio::test]
    async fn a_slow_tab_gets_only_the_latest_state_of_each_message() {
        let channel = Arc::new(Channel::new());
        channel.put(message(1, false, "a1"));
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(tab.next().await), "[a1]");
        for round in 2..500 {
            channel.put(message(1, false, &format!("a{round}")));
            channel.put(message(2, false, &format!("b{round}")));
        }
        assert_eq!([text(tab.next().await), text(tab.next().await)], ["a499", "b499"]);
        assert!(tab.next().now_or_never().is_none(), "more than the latest state was sent");
    }

    #[tokio::test]
    async fn a_returning_tab_catches_up_and_one_from_another_run_starts_over() {
        let channel = Arc::new(Channel::new());
        channel.put(message(1, true, "a"));
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        let (seen, _) = tab.next().await.expect("a snapshot");
        channel.put(message(2, true, "b"));
        let seen = Position::parse(&seen.to_string()).expect("reads its own text");
        let mut back = Box::pin(Arc::clone(&channel).follow(Some(seen)));
        assert_eq!(text(back.next().await), "b");
        let stranger = Position { run: Uuid::nil(), ..seen };
        let mut anew = Box::pin(Arc::clone(&channel).follow(Some(stranger)));
        assert_eq!(text(anew.next().await), "[a b]");
    }

    #[tokio::test]
    async fn closing_ends_a_stream_after_the_latest_state() {
        let channel = Arc::new(Channel::new());
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(tab.next().await), "[]");
        channel.put(message(1, true, "last"));
        channel.close();
        assert_eq!(text(tab.next().await), "last");
        assert!(tab.next().await.is_none());
    }

    #[tokio::test]
    async fn a_forgotten_message_leaves_every_tab() {
        let channel = Arc::new(Channel::new());
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(tab.next().await), "[]");
        for (n, asker, is_over) in
            [(1, "ana", true), (2, "ben", true), (3, "ben", true), (4, "ana", false), (5, "ben", true)]
        {
            let json = format!("m{n}");
            channel.put(Message { asker: asker.into(), ..message(n, is_over, &json) });
        }
        for n in 1..=5 {
            assert_eq!(text(tab.next().await), format!("m{n}"));
        }
        channel.forget("ana", &[id(2)]);
        assert_eq!(text(tab.next().await), "[m3 m4 m5]");
        assert!(channel.find(id(1)).is_none() && channel.find(id(2)).is_none());
        channel.forget("ana", &[id(2)]);
        let chart = Some(Arc::new(Chart { png: vec![], alt: String::new() }));
        channel.put(Message { chart, ..message(1, true, "m1 with its chart") });
        assert!(tab.next().now_or_never().is_none(), "nothing more was removed or came back");
        channel.put(message(3, true, "later"));
        assert_eq!(text(tab.next().await), "later");
    }

    #[test]
    fn the_oldest_finished_message_is_dropped_first() {
        let channel = Channel::new();
        channel.put(message(0, false, "live"));
        for n in 1..=MAX_MESSAGES {
            channel.put(message(n, true, "over"));
        }
        assert!(channel.find(id(0)).is_some() && channel.find(id(1)).is_none());
        assert_eq!(channel.snapshot().1.len(), MAX_MESSAGES);
    }
}
