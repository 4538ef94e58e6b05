//! The world behind the fake: plain data with sensible defaults. A test changes the world, never an answer.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{
    faults::Faults,
    interaction::{Fate, Interaction, InteractionKind},
    limits::{Limits, Span},
    message::{Message, Revision},
    route::Route,
    users::{ChannelKind, GUILD},
};
use crate::support::cdn::CdnFile;

/// A snowflake.
pub type Id = u64;

/// The state of the fake.
pub struct World {
    pub application: Id,
    pub application_name: &'static str,
    /// The bot's token; [`World::token_is_revoked`] says whether it is still valid.
    pub bot_token: String,
    pub token_is_revoked: bool,
    /// The seed of the key that signs what is posted to the bot.
    pub signing_key: [u8; 32],
    /// The address in the response to `GET /gateway/bot`.
    pub gateway_url: String,
    pub session_start: SessionStart,
    /// The time within which the first response to an interaction must arrive.
    pub answer_within: Duration,
    /// The lifetime of an interaction's token.
    pub token_life: Duration,
    /// Only the asker sees any answer: where people may not bring apps of their own.
    pub makes_private: bool,
    /// The largest file, in bytes.
    pub file_limit: usize,
    /// The permissions that the bot lacks everywhere.
    pub missing_permissions: u64,
    pub locale: &'static str,
    /// Words of users that must not occur in `content`.
    pub forbidden_words: Vec<String>,
    /// 429s of the bot's own making are no violation.
    pub own_429_is_fine: bool,
    pub limits: Limits,
    pub faults: Faults,
    /// The fates of the next interactions.
    pub fates: VecDeque<Fate>,
    /// A function that corrupts the payload of the next interaction.
    pub corrupt: Option<fn(&mut Value)>,
    /// The servers where the bot is a member.
    pub guilds: Vec<Id>,
    /// Registered commands as they were put, global (key 0) and by server.
    pub commands: BTreeMap<Id, Vec<Value>>,
    /// Number of times that commands were put.
    pub registrations: usize,
    pub interactions: Vec<Interaction>,
    pub messages: Vec<Message>,
    /// The origin of the files that users attach.
    pub cdn: String,
    /// The files that users attached, with their ids.
    pub files: Vec<(Id, CdnFile)>,
    pub fetched: Vec<&'static str>,
    /// The threads below messages of the usual channel.
    pub threads: Vec<Thread>,
    /// The texts that users wrote without a command.
    pub written: Vec<String>,
    /// Messages by channel and nonce.
    pub nonces: HashMap<(Id, String), Id>,
    /// The bits that an overwrite of the channels denies the bot's role.
    pub denied_to_role: u64,
    /// Every call in its order.
    pub calls: Vec<RecordedCall>,
    /// Every request as text (its line, its headers, its body), if a test wants to search them.
    pub received: Option<Vec<String>>,
    /// Violations of the rules by the bot.
    pub violations: Vec<String>,
    /// Edits that changed nothing, except those that follow a cut connection.
    pub edits_without_change: usize,
    /// Calls refused by 404, 403 or 401 for the same reason as one before them.
    pub useless_calls: usize,
    next_id: Id,
}

/// A thread below a message, which has the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub id: Id,
    pub name: String,
    /// No one may write in it.
    pub is_locked: bool,
}

/// The session limits in the response to `GET /gateway/bot`.
#[derive(Clone, Copy, Debug)]
pub struct SessionStart {
    pub total: u32,
    pub remaining: u32,
    pub reset_after: Duration,
    pub max_concurrency: u32,
}

/// One call and what was answered.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    pub at: Instant,
    pub route: Route,
    /// The subject of the call: the top-level resource of its bucket and the message.
    pub target: String,
    /// 0: nothing was answered.
    pub status: u16,
    /// Discord's error code; 0 without.
    pub code: u64,
    /// The 429 was of the bot's own making.
    pub own: bool,
    /// A fault was injected.
    pub faulty: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            application: 1_001,
            application_name: "LLM Arena",
            bot_token: "MTAwMQ.story.b0t-5ecret".into(),
            token_is_revoked: false,
            signing_key: [7; 32],
            gateway_url: "ws://127.0.0.1:9".into(),
            session_start: SessionStart {
                total: 1_000,
                remaining: 1_000,
                reset_after: Duration::ZERO,
                max_concurrency: 1,
            },
            answer_within: 3.s(),
            token_life: 900.s(),
            makes_private: false,
            file_limit: 10 << 20,
            missing_permissions: 0,
            locale: "en-US",
            forbidden_words: vec![],
            own_429_is_fine: false,
            limits: Limits::default(),
            faults: Faults::default(),
            fates: VecDeque::new(),
            corrupt: None,
            guilds: vec![GUILD],
            commands: BTreeMap::new(),
            registrations: 0,
            interactions: vec![],
            messages: vec![],
            cdn: String::new(),
            files: vec![],
            fetched: vec![],
            threads: vec![],
            nonces: HashMap::new(),
            written: vec![],
            denied_to_role: 0,
            calls: vec![],
            received: None,
            violations: vec![],
            edits_without_change: 0,
            useless_calls: 0,
            next_id: 1_300_000_000_000_000_000,
        }
    }
}

impl World {
    /// A new snowflake.
    pub fn id(&mut self) -> Id {
        self.next_id += 1 << 22;
        self.next_id
    }

    pub fn interaction(&self, id: Id) -> Option<&Interaction> {
        self.interactions.iter().find(|interaction| interaction.id == id)
    }

    pub fn interaction_mut(&mut self, id: Id) -> Option<&mut Interaction> {
        self.interactions.iter_mut().find(|interaction| interaction.id == id)
    }

    /// The interaction that this token belongs to.
    pub fn by_token(&self, token: &str) -> Option<&Interaction> {
        self.interactions.iter().find(|interaction| interaction.token == token)
    }

    pub fn message(&self, id: Id) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// Returns the messages in a thread, oldest first.
    pub fn in_thread(&self, thread: Id) -> Vec<&Message> {
        self.messages.iter().filter(|message| message.place == ChannelKind::Thread(thread)).collect()
    }

    pub fn message_mut(&mut self, id: Id) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    /// Returns the message that an interaction's `@original` names.
    pub fn original(&self, interaction: Id) -> Option<&Message> {
        self.message(self.interaction(interaction)?.original?)
    }

    /// All revisions of all messages that an interaction led to, `@original` first.
    pub fn revisions(&self, interaction: Id) -> Vec<&Revision> {
        let Some(found) = self.interaction(interaction) else { return vec![] };
        let ids = found.original.iter().chain(&found.followups);
        ids.filter_map(|id| self.message(*id)).flat_map(|message| &message.revisions).collect()
    }

    /// 429s that the bot's own pace caused.
    pub fn own_429(&self) -> usize {
        self.calls.iter().filter(|call| call.own).count()
    }

    /// All that must be in no log: the bot's token and those of the interactions.
    pub fn secrets(&self) -> Vec<String> {
        let tokens = self.interactions.iter().map(|interaction| interaction.token.clone());
        tokens.chain([self.bot_token.clone()]).collect()
    }

    /// Returns every text that a user filled into an option.
    pub fn typed_texts(&self) -> Vec<String> {
        let mut texts = self.written.clone();
        for interaction in &self.interactions {
            if let InteractionKind::Command { options, .. } | InteractionKind::Completion { options, .. } =
                &interaction.kind
            {
                collect(options, &mut texts);
            }
            if let InteractionKind::OnMessage { target, .. } = &interaction.kind {
                texts.extend(target["content"].as_str().map(str::to_owned));
            }
            if let InteractionKind::Form { fields, .. } = &interaction.kind {
                texts.extend(fields.iter().filter(|field| field.kind == 4).map(|field| field.value.clone()));
            }
        }
        texts
    }

    /// Returns a path without secrets.
    pub fn without_secrets(&self, path: &str) -> String {
        self.secrets().iter().fold(path.to_owned(), |path, secret| path.replace(secret, "***"))
    }

    /// Returns all violations, including those that only count at the end of a story.
    pub fn all_violations(&self) -> Vec<String> {
        let mut all = self.violations.clone();
        let own = self.own_429();
        if own > 0 && !self.own_429_is_fine {
            all.push(format!("{own} x 429 of its own making"));
        }
        if self.useless_calls > 0 {
            all.push(format!("{} calls that were refused before in the same way", self.useless_calls));
        }
        for family in self.faults.left() {
            all.push(format!("the failure of {family:?} met no call"));
        }
        for interaction in self.interactions.iter().filter(|interaction| !interaction.is_excused) {
            let name = interaction.name();
            let loading = self.original(interaction.id).is_some_and(|m| !m.deleted && m.look().is_loading());
            if interaction.tried.is_none() {
                all.push(format!("{name} was never answered"));
            } else if loading {
                all.push(format!("{name} is left with \"... is thinking\""));
            }
        }
        all
    }

    /// Returns what users did and saw, for a test that timed out.
    pub fn transcript(&self) -> String {
        let mut lines = vec![];
        for interaction in &self.interactions {
            let answer = interaction.answer.as_ref().map(|answer| (answer.kind, answer.after));
            lines.push(format!("{} -> answer {answer:?}", interaction.name()));
            let shown = self.revisions(interaction.id);
            lines.extend(
                shown
                    .last()
                    .map(|last| format!("{} revisions, the last:\n{}", shown.len(), last.look.text())),
            );
        }
        let calls = self.calls.iter().rev().take(12).rev();
        lines.extend(calls.map(|call| format!("{} -> {} {}", call.route.name(), call.status, call.code)));
        lines.extend(self.violations.iter().map(|violation| format!("violation: {violation}")));
        lines.join("\n")
    }
}

/// The values of these options and of those within them.
fn collect(options: &Value, texts: &mut Vec<String>) {
    for option in options.as_array().into_iter().flatten() {
        texts.extend(option["value"].as_str().map(str::to_owned));
        collect(&option["options"], texts);
    }
}
