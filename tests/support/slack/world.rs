//! The world behind the fake: plain data with sensible defaults. A test changes the world, never an answer.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{
    faults::Faults,
    limits::Limits,
    manifest::Manifest,
    message::{File, Message, Ts},
    method::Method,
    referee::Takes,
    users::{Channel, User},
};
use crate::support::cdn::CdnFile;

/// The state of the fake.
pub struct World {
    /// User groups with the ids of their members.
    pub groups: BTreeMap<String, Vec<&'static str>>,
    pub team: &'static str,
    pub app: &'static str,
    /// The bot's user.
    pub bot_user: &'static str,
    pub bot_id: &'static str,
    pub bot_token: String,
    pub app_token: String,
    /// Tokens that are not valid any more.
    pub revoked: Vec<String>,
    pub signing_secret: String,
    /// The scopes and events of `config/slack-manifest.yaml`.
    pub manifest: Manifest,
    /// The fake's own address, in what it hands out.
    pub origin: String,
    /// The address in the response to `apps.connections.open`.
    pub socket_url: String,
    pub channels: Vec<Channel>,
    /// The time within which an acknowledgement must arrive.
    pub acks_within: Duration,
    /// The lifetime of a `trigger_id`.
    pub trigger_life: Duration,
    /// The lifetime of a `response_url` and the number of its uses.
    pub response_life: Duration,
    pub response_uses: u32,
    /// The delay between `files.completeUploadExternal` and the share.
    pub sharing_takes: Duration,
    /// Files are dropped silently instead of being shared.
    pub loses_files: bool,
    /// The extra blocks that the workspace supports; for others `invalid_blocks` is no violation.
    pub takes: Takes,
    /// The Home tabs by their users, as the bot sent them last.
    pub homes: BTreeMap<String, Value>,
    /// 429s of the bot's own making are no violation.
    pub own_429_is_fine: bool,
    pub limits: Limits,
    pub faults: Faults,
    /// Actions of users in order; the index is the id.
    pub actions: Vec<Action>,
    pub messages: Vec<Message>,
    pub views: Vec<View>,
    pub uploads: BTreeMap<String, Upload>,
    /// The files that go with the next message of a user.
    pub shared_next: Vec<CdnFile>,
    /// The files that users shared, by their ids.
    pub shared_files: Vec<(String, CdnFile)>,
    /// The names of the files that the bot fetched.
    pub fetched: Vec<&'static str>,
    pub response_urls: BTreeMap<String, ResponseUrl>,
    /// Every call in its order.
    pub calls: Vec<RecordedCall>,
    /// Texts that would have pinged someone; each is a violation, too.
    pub pings: Vec<String>,
    /// Labelled links that would have formed.
    pub links: Vec<String>,
    /// Violations of the rules by the bot.
    pub violations: Vec<String>,
    /// Updates that changed nothing.
    pub edits_without_change: usize,
    /// Calls refused for the same reason as one before them.
    pub useless_calls: usize,
    /// Number of socket addresses that were requested successfully.
    pub connections_opened: usize,
    /// Further fields of messages, which an app is shown with them.
    pub parts: BTreeMap<Ts, Map<String, Value>>,
    next: u64,
}

/// An action of a user, or an event that Slack sends by itself.
#[derive(Clone, Debug)]
pub struct Action {
    pub user: User,
    pub channel: String,
    /// The thread where it was done.
    pub thread: Option<Ts>,
    pub kind: ActionKind,
    /// The `trigger_id`, until it is used.
    pub trigger: Option<String>,
    /// The key of its `response_url`.
    pub response_url: Option<String>,
    /// Time of its delivery to the bot.
    pub delivered: Instant,
    /// The acknowledgements, one for each delivery.
    pub acks: Vec<Acknowledgement>,
    /// No acknowledgement is expected.
    pub is_excused: bool,
}

/// The kind of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionKind {
    /// A slash command and what was typed after it.
    Command { command: String, text: String },
    /// A message with the bot's name in it.
    Mention { ts: Ts, text: String },
    /// A message to the bot.
    DirectMessage { ts: Ts, text: String },
    /// A button on this message.
    Button { message: Ts, action_id: String },
    /// An option of a menu on this message.
    Choice { message: Ts, action_id: String, value: String },
    /// The message shortcut of this callback id, used on this message.
    Shortcut { callback: String, message: Ts },
    /// The Home tab was opened.
    HomeOpened,
    /// A button on the Home tab.
    HomeButton { action_id: String },
    /// The view of this id was submitted.
    Submission { view: String },
    /// The bot's own message is delivered to it as an event.
    Echo { ts: Ts },
}

/// An acknowledgement.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// Time from the delivery to the acknowledgement.
    pub after: Duration,
    /// The HTTP status; 0 where nothing was answered, 200 over a socket.
    pub status: u16,
    /// Its payload.
    pub payload: Option<Value>,
    /// The private message that it became.
    pub shown: Option<Ts>,
}

/// An open modal.
#[derive(Clone, Debug)]
pub struct View {
    pub id: String,
    pub hash: String,
    pub action: usize,
    pub user: User,
    pub channel: String,
    /// The view as the bot sent it.
    pub sent: Value,
    /// The values of the inputs: `state.values`.
    pub state: Value,
    pub is_open: bool,
    /// The errors that the bot reported, by block id.
    pub errors: BTreeMap<String, String>,
}

/// A file on its way.
#[derive(Clone, Debug)]
pub struct Upload {
    pub file: File,
    /// The length that was announced.
    pub length: usize,
    pub has_come: bool,
    pub is_complete: bool,
}

/// A `response_url`.
#[derive(Clone, Debug)]
pub struct ResponseUrl {
    pub action: usize,
    pub made: Instant,
    pub used: u32,
}

/// One call and what was answered.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    pub at: Instant,
    pub method: Method,
    pub channel: String,
    /// The subject of the call, apart from the channel: a message, files, a trigger, an address.
    pub target: String,
    /// All that it carries: its fields as JSON, then its bytes.
    pub content: String,
    /// 0: nothing was answered.
    pub status: u16,
    /// "ok" or Slack's error code.
    pub code: String,
    /// The 429 was of the bot's own making.
    pub own: bool,
    /// A fault was injected.
    pub faulty: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            groups: BTreeMap::new(),
            team: "T0TEAM",
            app: "A0ARENA",
            bot_user: "U0ARENA",
            bot_id: "B0ARENA",
            bot_token: "xoxb-1-story-b0t5ecret".into(),
            app_token: "xapp-1-story-app5ecret".into(),
            revoked: vec![],
            signing_secret: "8f742231b10e8888abcd99yyyzzz85a5".into(),
            manifest: Manifest::read(),
            origin: String::new(),
            socket_url: "ws://127.0.0.1:9/link".into(),
            channels: Channel::all(),
            acks_within: Duration::from_secs(3),
            trigger_life: Duration::from_secs(3),
            response_life: Duration::from_mins(30),
            response_uses: 5,
            sharing_takes: Duration::from_millis(50),
            loses_files: false,
            takes: Takes { charts: true, containers: true, tables: true },
            homes: BTreeMap::new(),
            own_429_is_fine: false,
            limits: Limits::default(),
            faults: Faults::default(),
            actions: vec![],
            messages: vec![],
            views: vec![],
            uploads: BTreeMap::new(),
            shared_next: vec![],
            shared_files: vec![],
            fetched: vec![],
            response_urls: BTreeMap::new(),
            calls: vec![],
            pings: vec![],
            links: vec![],
            violations: vec![],
            edits_without_change: 0,
            useless_calls: 0,
            connections_opened: 0,
            parts: BTreeMap::new(),
            next: 1,
        }
    }
}

impl World {
    /// A new number, for ids.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A new name for a message.
    pub fn ts(&mut self) -> Ts {
        let n = self.number();
        format!("{}.{:06}", 1_764_000_000 + n, n * 119 % 1_000_000)
    }

    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    pub fn channel_mut(&mut self, id: &str) -> &mut Channel {
        self.channels.iter_mut().find(|channel| channel.id == id).expect("a channel")
    }

    pub fn message(&self, ts: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.ts == ts)
    }

    pub fn message_mut(&mut self, ts: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.ts == ts)
    }

    /// The bot's messages that everybody in the channel sees, in their order.
    pub fn public(&self, channel: &str) -> impl Iterator<Item = &Message> {
        let mine = self.bot_user;
        self.messages.iter().filter(move |message| {
            message.channel == channel
                && message.user == mine
                && message.only_for.is_none()
                && !message.deleted
        })
    }

    /// The private messages that an action led to.
    pub fn ephemerals(&self, action: usize) -> impl Iterator<Item = &Message> {
        self.messages
            .iter()
            .filter(move |message| message.only_for.is_some() && message.action == Some(action))
    }

    /// Returns the text that was typed, including inputs of a form, or "".
    pub fn words(&self, action: &Action) -> String {
        match &action.kind {
            ActionKind::Command { text, .. }
            | ActionKind::Mention { text, .. }
            | ActionKind::DirectMessage { text, .. } => text.clone(),
            ActionKind::Submission { view } => {
                let blocks = self.views.iter().filter(|other| other.id == *view).map(|view| &view.state);
                let inputs = blocks.flat_map(|state| state.as_object().into_iter().flat_map(Map::values));
                let inputs = inputs.flat_map(|input| input.as_object().into_iter().flat_map(Map::values));
                inputs.filter_map(|input| input["value"].as_str()).collect::<Vec<_>>().join(" ")
            }
            _ => String::new(),
        }
    }

    /// Notes a violation.
    pub fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    /// Calls of a method that were let through, in their order.
    pub fn instants(&self, method: Method) -> Vec<Instant> {
        let through = |call: &&RecordedCall| call.method == method && call.status != 429;
        self.calls.iter().filter(through).map(|call| call.at).collect()
    }

    /// The most calls of a method that any window of this length saw.
    pub fn busiest(&self, method: Method, window: Duration) -> usize {
        let all = self.instants(method);
        let within = |from: &Instant| all.iter().filter(|at| *at >= from && **at < *from + window).count();
        all.iter().map(within).max().unwrap_or(0)
    }

    /// 429s that the bot's own pace caused.
    pub fn own_429(&self) -> usize {
        self.calls.iter().filter(|call| call.own).count()
    }

    /// All that must be in no log: tokens, the signing secret, keys of `response_url`s and upload addresses.
    pub fn secrets(&self) -> Vec<String> {
        let fixed = [&self.bot_token, &self.app_token, &self.signing_secret];
        fixed.into_iter().chain(self.response_urls.keys()).chain(self.uploads.keys()).cloned().collect()
    }

    /// Returns all violations, including those that only count at the end of a story.
    pub fn all_violations(&self) -> Vec<String> {
        let mut all = self.violations.clone();
        all.extend(self.pings.iter().map(|ping| format!("it would have pinged: {ping}")));
        if self.own_429() > 0 && !self.own_429_is_fine {
            all.push(format!("{} x 429 of its own making", self.own_429()));
        }
        if self.useless_calls > 0 {
            all.push(format!("{} calls that were refused before in the same way", self.useless_calls));
        }
        all.extend(
            self.faults.left().iter().map(|method| format!("the failure of {} met no call", method.name())),
        );
        let open = |action: &&Action| !action.is_excused && action.acks.is_empty();
        all.extend(
            self.actions
                .iter()
                .filter(open)
                .map(|action| format!("{} was never acknowledged", action.name())),
        );
        all
    }

    /// Returns what happened, for a test that timed out.
    pub fn transcript(&self) -> String {
        let acks = |action: &Action| {
            let acks =
                action.acks.iter().map(|ack| format!("{} after {} ms", ack.status, ack.after.as_millis()));
            format!("{} -> {}", action.name(), acks.collect::<Vec<_>>().join(", "))
        };
        let mut lines: Vec<_> = self.actions.iter().map(acks).collect();
        for message in self.messages.iter().filter(|message| message.user == self.bot_user) {
            let seen = message.only_for.as_deref().unwrap_or("everybody");
            let (count, place) = (message.revisions.len(), (&message.channel, &message.thread));
            lines.push(format!(
                "{} {place:?}, for {seen}, {count} revisions:\n{}",
                message.ts,
                message.text()
            ));
        }
        let calls = self.calls.iter().rev().take(12).rev();
        lines.extend(calls.map(|call| format!("{} {} {}", call.method.name(), call.status, call.code)));
        lines.push(format!("violations: {:#?}", self.all_violations()));
        lines.join("\n")
    }
}
