//! The messages of the channel, and their updates for any number of tabs.
//!
//! Every change gets the next version number. A tab names the last version that it received and gets what is newer: the
//! latest state of each message, never a backlog of old ones. So a slow tab holds nothing up. Messages that were restored
//! from the store have version 0: tabs get them in a snapshot only.
//!
//! Memory is bounded whatever tabs do: a message is encoded once for all of them, and a tab takes it from the channel only
//! when it can be sent. A tab that does not read holds the frame that is being sent, and the server closes its connection.
//!
//! | limit | value |
//! | --- | --- |
//! | messages that are kept | 200 |
//! | messages of a snapshot, or of a page of earlier ones | 20 |
//! | event streams | 64 |
//! | removals that are kept for tabs that have not seen them; older tabs start over | 64 |
//! | races that a removal names | 1,000 |

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::render;
use crate::{race::RaceId, surface::Chart};

/// The number of messages that are kept. Beyond it the oldest finished one is dropped.
pub(super) const MAX_MESSAGES: usize = 200;
/// The number of messages of a snapshot, and of a page of earlier ones.
const PAGE_MESSAGES: usize = 20;
/// The number of event streams.
const MAX_STREAMS: usize = 64;
/// The number of removals that are kept.
const MAX_REMOVALS: usize = 64;
/// The number of races that a removal names, the newest ones.
const MAX_REMOVED: usize = 1_000;
/// The interval at which a quiet stream sends a comment.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// The delay in milliseconds after which a tab reopens a lost stream.
const RETRY_DELAY_MS: u32 = 1000;

/// One message.
#[derive(Clone)]
pub(super) struct Message {
    /// The id of its race.
    pub(super) id: RaceId,
    /// The id of the user who may stop it. It never leaves the process.
    pub(super) asker: String,
    /// The race that it continues; `None` once that was deleted.
    pub(super) parent: Option<RaceId>,
    /// True if nothing but its chart will change.
    pub(super) is_over: bool,
    /// Cancelled once the race's record is available, shortly after its last frame. Restored messages: at once.
    pub(super) recorded: CancellationToken,
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

/// A message with the JSON that tabs receive.
struct Post {
    version: u64,
    message: Message,
    /// The event of the stream, encoded for all tabs.
    event: Bytes,
    /// The part of the event that is the message's JSON.
    json: Bytes,
}

/// The removal of messages: its version, and its event, encoded for all tabs.
struct Removal {
    version: u64,
    event: Bytes,
}

#[derive(Default)]
struct State {
    /// The messages, oldest first.
    posts: VecDeque<Post>,
    /// The latest removals, oldest first.
    removals: VecDeque<Removal>,
    /// Tabs with an older version start over.
    start_over: u64,
    /// A sentence about the races before the first message.
    note: Option<String>,
}

/// Some messages in their order.
pub(super) struct Page {
    ids: Vec<RaceId>,
    /// The fields before the messages, as the beginning of a JSON object.
    head: String,
    position: Position,
}

/// The channel.
pub(super) struct Channel {
    run: Uuid,
    state: Mutex<State>,
    version: watch::Sender<u64>,
    streams: Arc<Semaphore>,
    closing: CancellationToken,
}

impl Channel {
    /// An empty channel.
    pub(super) fn new() -> Self {
        Self {
            run: Uuid::now_v7(),
            state: Mutex::default(),
            version: watch::Sender::new(0),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            closing: CancellationToken::new(),
        }
    }

    /// Adds the message or replaces the one with its id. `json` is a JSON object on one line. A chart alone adds none: its
    /// message was removed.
    pub(super) fn put(&self, message: Message, json: &str) {
        let mut state = self.state();
        let version = *self.version.borrow() + 1;
        let post = self.post(message, json, version);
        if let Some(slot) = state.posts.iter_mut().find(|known| known.message.id == post.message.id) {
            let is_orphaned = slot.message.parent.is_none() && post.message.parent.is_some();
            *slot = if is_orphaned { self.without_parent(&post, version) } else { post };
        } else if post.message.chart.is_some() {
            return;
        } else {
            make_room(&mut state.posts);
            // an earlier race comes back where its vote goes on after a restart
            let place = state.posts.partition_point(|known| known.message.id < post.message.id);
            state.posts.insert(place, post);
        }
        self.version.send_replace(version);
    }

    /// Adds messages from before this start of the service, oldest first, each with its JSON. `note` is a sentence about
    /// the races that are missing.
    pub(super) fn restore(&self, messages: Vec<(Message, String)>, note: Option<String>) {
        let mut state = self.state();
        for (message, json) in messages.into_iter().rev() {
            if state.posts.len() == MAX_MESSAGES {
                break;
            }
            let place = state.posts.partition_point(|known| known.message.id < message.id);
            if state.posts.get(place).is_none_or(|known| known.message.id != message.id) {
                state.posts.insert(place, self.post(message, &json, 0));
            }
        }
        state.note = note;
        state.start_over = *self.version.borrow() + 1;
        self.version.send_replace(state.start_over);
    }

    /// Keeps the chart of a message that was restored without it.
    pub(super) fn keep_chart(&self, id: RaceId, chart: &Arc<Chart>) {
        let mut state = self.state();
        if let Some(post) = state.posts.iter_mut().find(|post| post.message.id == id) {
            post.message.chart.get_or_insert_with(|| Arc::clone(chart));
        }
    }

    /// Removes the finished messages of `asker`.
    pub(super) fn forget(&self, asker: &str, races: &[RaceId]) {
        self.remove(races, |message| message.asker == asker);
    }

    /// Removes the finished messages of `races` and those for which `is_removed` is true, from every tab.
    pub(super) fn remove(&self, races: &[RaceId], is_removed: impl Fn(&Message) -> bool) {
        let mut state = self.state();
        // tabs may show races that are no longer among the messages
        let mut removed = races.to_vec();
        state.posts.retain(|Post { message, .. }| {
            let is_removed = message.is_over && (is_removed(message) || races.contains(&message.id));
            removed.extend(is_removed.then_some(message.id));
            !is_removed
        });
        let posts = &state.posts;
        removed.retain(|id| !posts.iter().any(|post| post.message.id == *id));
        removed.sort_unstable_by(|a, b| b.cmp(a));
        removed.dedup();
        removed.truncate(MAX_REMOVED);
        if removed.is_empty() {
            return;
        }
        let mut version = *self.version.borrow() + 1;
        let ids: Vec<String> = removed.iter().map(RaceId::to_string).collect();
        let event =
            format!("event: removed\nid: {}\ndata: {}\n\n", self.position(version), serde_json::json!(ids));
        if state.removals.len() == MAX_REMOVALS {
            state.start_over =
                state.removals.pop_front().map_or(0, |oldest| oldest.version).max(state.start_over);
        }
        state.removals.push_back(Removal { version, event: event.into() });
        for post in &mut state.posts {
            if post.message.parent.is_some_and(|parent| removed.contains(&parent)) {
                version += 1;
                *post = self.without_parent(post, version);
            }
        }
        self.version.send_replace(version);
    }

    /// The message of this race; `None` where it is unknown or was dropped.
    pub(super) fn find(&self, id: RaceId) -> Option<Message> {
        self.state().posts.iter().find(|post| post.message.id == id).map(|post| post.message.clone())
    }

    /// The JSON of this race's message, as tabs have it.
    pub(super) fn json(&self, id: RaceId) -> Option<Bytes> {
        self.state().posts.iter().find(|post| post.message.id == id).map(|post| post.json.clone())
    }

    /// Returns the permit for an event stream; `None` if there are too many streams.
    pub(super) fn stream_permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
    }

    /// Returns the newest messages, or those just before the message of race `before`: none where it was dropped.
    pub(super) fn page(&self, before: Option<RaceId>) -> Page {
        let state = self.state();
        let posts = &state.posts;
        let end = match before {
            None => posts.len(),
            Some(id) => posts.iter().position(|post| post.message.id == id).unwrap_or(0),
        };
        let start = end.saturating_sub(PAGE_MESSAGES);
        let ids = posts.range(start..end).map(|post| post.message.id).collect();
        let note = serde_json::json!(state.note);
        let head = format!("{{\"has_earlier\":{},\"note\":{note},\"messages\":[", start > 0);
        Page { ids, head, position: self.position(*self.version.borrow()) }
    }

    /// Streams the JSON of a page: `{"has_earlier": ..., "note": ..., "messages": [...]}`. Each message is looked up when it
    /// can be sent.
    pub(super) fn page_json(self: Arc<Self>, page: Page) -> impl Stream<Item = Bytes> + Send {
        let start = Bytes::from(page.head);
        let mut separator = "";
        let messages = stream::iter(page.ids).flat_map(move |id| {
            let json = self.json(id);
            let separated =
                json.map(|json| [Bytes::from_static(mem::replace(&mut separator, ",").as_bytes()), json]);
            stream::iter(separated.into_iter().flatten())
        });
        stream::iter([start]).chain(messages).chain(stream::iter([Bytes::from_static(b"]}")]))
    }

    /// Streams the events after `seen`; first a snapshot where `seen` is `None` or of another run of the service. When the
    /// channel closes, the stream ends after the latest state.
    pub(super) fn follow(self: Arc<Self>, seen: Option<Position>) -> impl Stream<Item = Bytes> + Send {
        let watching = self.version.subscribe();
        let known = seen.filter(|seen| seen.run == self.run);
        let page = known.is_none().then(|| self.page(None));
        let version =
            known.or(page.as_ref().map(|page| page.position)).map_or(0, |position| position.version);
        let snapshot = page.map(|page| {
            let head = snapshot_head(page.position);
            let json = Arc::clone(&self).page_json(page);
            stream::iter([Bytes::from(head)]).chain(json).chain(stream::iter([Bytes::from_static(b"\n\n")]))
        });
        let later = stream::unfold((self, watching, version), async |(channel, mut watching, version)| {
            let Ok(next) = timeout(KEEP_ALIVE_INTERVAL, channel.next(&mut watching, version)).await else {
                return Some((Bytes::from_static(b":\n\n"), (channel, watching, version)));
            };
            let (version, event) = next?;
            Some((event, (channel, watching, version)))
        });
        stream::iter(snapshot).flatten().chain(later)
    }

    /// Ends every stream once it has the latest state.
    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    fn post(&self, message: Message, json: &str, version: u64) -> Post {
        let mut event = format!("event: message\nid: {}\ndata: ", self.position(version));
        let start = event.len();
        event.push_str(json);
        let end = event.len();
        event.push_str("\n\n");
        let event = Bytes::from(event);
        Post { version, message, json: event.slice(start..end), event }
    }

    /// Returns a message after the race that it continues was deleted.
    fn without_parent(&self, post: &Post, version: u64) -> Post {
        let message = Message { parent: None, ..post.message.clone() };
        self.post(message, &render::without_parent_prompt(&post.json), version)
    }

    fn position(&self, version: u64) -> Position {
        Position { run: self.run, version }
    }

    async fn next(&self, watching: &mut watch::Receiver<u64>, seen: u64) -> Option<(u64, Bytes)> {
        loop {
            watching.mark_unchanged();
            if self.state().start_over > seen {
                return Some(self.snapshot());
            }
            if let Some(next) = self.after(seen) {
                return Some(next);
            }
            self.closing.run_until_cancelled(watching.changed()).await?.ok()?;
        }
    }

    /// The newest page as one event, for tabs that start over.
    fn snapshot(&self) -> (u64, Bytes) {
        let page = self.page(None);
        let state = self.state();
        let messages =
            page.ids.iter().filter_map(|id| state.posts.iter().find(|post| post.message.id == *id));
        let messages: Vec<&[u8]> = messages.map(|post| post.json.as_ref()).collect();
        let mut event = snapshot_head(page.position).into_bytes();
        event.extend(page.head.bytes());
        event.extend(messages.join(&b","[..]));
        event.extend(b"]}\n\n");
        (page.position.version, Bytes::from(event))
    }

    /// The oldest change after `seen` that no later change of the same message hides.
    fn after(&self, seen: u64) -> Option<(u64, Bytes)> {
        let state = self.state();
        let posts = state.posts.iter().map(|post| (post.version, &post.event));
        let removals = state.removals.iter().map(|removal| (removal.version, &removal.event));
        let unseen = posts.chain(removals).filter(|(version, _)| *version > seen);
        unseen.min_by_key(|(version, _)| *version).map(|(version, event)| (version, event.clone()))
    }

    /// Locks the messages. No critical section can panic half way, so a poisoned lock still guards valid data.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the oldest finished message where no further one may be kept.
fn make_room(posts: &mut VecDeque<Post>) {
    if posts.len() == MAX_MESSAGES {
        let oldest = posts.iter().position(|known| known.message.is_over).unwrap_or(0);
        posts.remove(oldest);
    }
}

/// The fields of a snapshot's event before its data.
fn snapshot_head(position: Position) -> String {
    format!("event: snapshot\nretry: {RETRY_DELAY_MS}\nid: {position}\ndata: ")
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn id(n: usize) -> RaceId {
        RaceId::parse(&format!("00000000-0000-7000-8000-{n:012}")).expect("an id")
    }

    fn put(channel: &Channel, n: usize, is_over: bool, json: &str) {
        let message = Message {
            id: id(n),
            asker: String::new(),
            parent: None,
            is_over,
            chart: None,
            recorded: CancellationToken::new(),
        };
        channel.put(message, json);
    }

    /// Returns the next event of a stream: its id and its data.
    async fn next(tab: &mut (impl Stream<Item = Bytes> + Unpin)) -> Option<(String, String)> {
        let mut event = String::new();
        while !event.ends_with("\n\n") {
            event.push_str(std::str::from_utf8(&tab.next().await?).expect("text"));
        }
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).expect("a field");
        Some((field("id: ").to_owned(), field("data: ").to_owned()))
    }

    async fn text(tab: &mut (impl Stream<Item = Bytes> + Unpin)) -> String {
        next(tab).await.expect("an event").1
    }

    fn snapshot(messages: &str) -> String {
        format!("{{\"has_earlier\":false,\"note\":null,\"messages\":[{messages}]}}")
    }

    #[tokio::test]
    async fn a_slow_tab_gets_only_the_latest_state_of_each_message() {
        let channel = Arc::new(Channel::new());
        put(&channel, 1, false, "a1");
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(&mut tab).await, snapshot("a1"));
        for round in 2..500 {
            put(&channel, 1, false, &format!("a{round}"));
            put(&channel, 2, false, &format!("b{round}"));
        }
        assert_eq!([text(&mut tab).await, text(&mut tab).await], ["a499", "b499"]);
        assert!(tab.next().now_or_never().is_none(), "more than the latest state was sent");
    }

    #[tokio::test]
    async fn a_returning_tab_catches_up_and_one_from_another_run_starts_over() {
        let channel = Arc::new(Channel::new());
        put(&channel, 1, true, "a");
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        let (seen, _) = next(&mut tab).await.expect("a snapshot");
        put(&channel, 2, true, "b");
        let seen = Position::parse(&seen).expect("reads its own text");
        let mut back = Box::pin(Arc::clone(&channel).follow(Some(seen)));
        assert_eq!(text(&mut back).await, "b");
        let stranger = Position { run: Uuid::nil(), ..seen };
        let mut anew = Box::pin(Arc::clone(&channel).follow(Some(stranger)));
        assert_eq!(text(&mut anew).await, snapshot("a,b"));
    }

    #[tokio::test]
    async fn closing_ends_a_stream_after_the_latest_state() {
        let channel = Arc::new(Channel::new());
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(&mut tab).await, snapshot(""));
        put(&channel, 1, true, "last");
        channel.close();
        assert_eq!(text(&mut tab).await, "last");
        assert!(tab.next().await.is_none());
    }

    #[tokio::test]
    async fn a_forgotten_message_leaves_every_tab() {
        let channel = Arc::new(Channel::new());
        let post = |n: usize, asker: &str, is_over: bool, chart: Option<Arc<Chart>>, json: &str| {
            let message = Message {
                id: id(n),
                asker: asker.into(),
                parent: None,
                is_over,
                chart,
                recorded: CancellationToken::new(),
            };
            channel.put(message, json);
        };
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(&mut tab).await, snapshot(""));
        for (n, asker, is_over) in
            [(1, "ana", true), (2, "ben", true), (3, "ben", true), (4, "ana", false), (5, "ben", true)]
        {
            post(n, asker, is_over, None, &format!("m{n}"));
        }
        for n in 1..=5 {
            assert_eq!(text(&mut tab).await, format!("m{n}"));
        }
        channel.forget("ana", &[id(2), id(4)]);
        assert_eq!(
            text(&mut tab).await,
            serde_json::json!([id(2).to_string(), id(1).to_string()]).to_string()
        );
        assert!(channel.find(id(1)).is_none() && channel.find(id(2)).is_none());
        assert!(channel.find(id(4)).is_some(), "a live message was removed");
        channel.forget("ana", &[]);
        post(1, "ana", true, Some(Arc::new(Chart { png: vec![], alt: String::new() })), "m1 with its chart");
        assert!(tab.next().now_or_never().is_none(), "nothing more was removed or came back");
        post(3, "ben", true, None, "later");
        assert_eq!(text(&mut tab).await, "later");
    }

    #[tokio::test]
    async fn a_deleted_prompt_leaves_the_races_that_continue_it() {
        let channel = Arc::new(Channel::new());
        let child = |is_over: bool| {
            let message = Message {
                id: id(2),
                asker: "ben".into(),
                parent: Some(id(1)),
                is_over,
                chart: None,
                recorded: CancellationToken::new(),
            };
            channel.put(message, "{\"parent\":{\"id\":\"1\",\"prompt\":\"a secret\"}}");
        };
        put(&channel, 1, true, "{}");
        child(false);
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert!(text(&mut tab).await.contains("a secret"));
        channel.remove(&[id(1)], |_| false);
        assert_eq!(text(&mut tab).await, serde_json::json!([id(1).to_string()]).to_string());
        assert_eq!(text(&mut tab).await, "{\"parent\":{\"id\":\"1\",\"prompt\":null}}");
        child(true);
        assert_eq!(text(&mut tab).await, "{\"parent\":{\"id\":\"1\",\"prompt\":null}}", "its last frame");
    }

    #[tokio::test]
    async fn restored_messages_come_before_newer_ones_and_reach_open_tabs() {
        let channel = Arc::new(Channel::new());
        put(&channel, 5, true, "new");
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(&mut tab).await, snapshot("new"));
        let restored = |n: usize| {
            let message = Message {
                id: id(n),
                asker: String::new(),
                parent: None,
                is_over: true,
                chart: None,
                recorded: CancellationToken::new(),
            };
            (message, format!("old{n}"))
        };
        channel.restore([1, 2, 5].map(restored).into(), Some("The rest is gone.".into()));
        let all = "{\"has_earlier\":false,\"note\":\"The rest is gone.\",\"messages\":[old1,old2,new]}";
        assert_eq!(text(&mut tab).await, all);
        put(&channel, 6, true, "later");
        assert_eq!(text(&mut tab).await, "later", "the position went on");
    }

    #[tokio::test]
    async fn a_tab_that_missed_too_many_removals_starts_over() {
        let channel = Arc::new(Channel::new());
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(&mut tab).await, snapshot(""));
        for n in 0..=MAX_REMOVALS {
            channel.remove(&[id(n)], |_| false);
        }
        assert_eq!(text(&mut tab).await, snapshot(""));
        assert!(tab.next().now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_sends_comments() {
        let channel = Arc::new(Channel::new());
        let mut tab = Box::pin(Arc::clone(&channel).follow(None));
        assert_eq!(text(&mut tab).await, snapshot(""));
        assert_eq!(tab.next().await.as_deref(), Some(&b":\n\n"[..]));
    }

    #[tokio::test]
    async fn all_tabs_share_one_encoded_event() {
        let channel = Arc::new(Channel::new());
        let seen = Some(channel.position(0));
        put(&channel, 1, true, "a");
        let mut tabs = [(); 2].map(|()| Box::pin(Arc::clone(&channel).follow(seen)));
        let [one, other] = &mut tabs;
        let (one, other) = (one.next().await.expect("an event"), other.next().await.expect("an event"));
        assert_eq!(one.as_ptr(), other.as_ptr());
    }

    #[tokio::test]
    async fn a_page_holds_the_messages_before_another() {
        let channel = Arc::new(Channel::new());
        for n in 0..=2 * PAGE_MESSAGES {
            put(&channel, n, true, &n.to_string());
        }
        let read = async |before: Option<usize>| {
            let page = channel.page(before.map(id));
            let json: Vec<Bytes> = Arc::clone(&channel).page_json(page).collect().await;
            serde_json::from_slice::<serde_json::Value>(&json.concat()).expect("JSON")
        };
        let numbers = |range: std::ops::Range<usize>| serde_json::json!(range.collect::<Vec<_>>());
        let newest = read(None).await;
        let first = PAGE_MESSAGES + 1;
        assert_eq!(
            (&newest["messages"], &newest["has_earlier"]),
            (&numbers(first..first + 20), &true.into())
        );
        let second = read(Some(first)).await;
        assert_eq!((&second["messages"], &second["has_earlier"]), (&numbers(1..first), &true.into()));
        let last = read(Some(1)).await;
        assert_eq!((&last["messages"], &last["has_earlier"]), (&numbers(0..1), &false.into()));
        assert_eq!(read(Some(999)).await["messages"], numbers(0..0), "a message that was dropped");
    }

    #[test]
    fn the_oldest_finished_message_is_dropped_first() {
        let channel = Channel::new();
        put(&channel, 0, false, "live");
        for n in 1..=MAX_MESSAGES {
            put(&channel, n, true, "over");
        }
        assert!(channel.find(id(0)).is_some() && channel.find(id(1)).is_none());
        assert_eq!(channel.state().posts.len(), MAX_MESSAGES);
    }
}
