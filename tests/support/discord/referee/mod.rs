//! The rules for the body of a call: Discord's, and stricter ones of our own. Pure.
//! <https://docs.discord.com/developers/resources/message>

mod attachments;
mod commands;
mod components;
mod embeds;
mod form;
mod reply;

use serde_json::{Value, json};

pub use self::{attachments::id as attachment_id, commands::commands, form::thread, reply::callback};
use super::{
    call::File,
    message::{COMPONENTS_V2, EPHEMERAL, Look},
};

/// Violations in a body.
#[derive(Debug, Default)]
pub struct Violations {
    /// Discord refuses that.
    pub refused: Vec<String>,
    /// Discord accepts it, the tests do not.
    pub unwanted: Vec<String>,
}

/// The operation that sends a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MessageAction {
    /// An answer to an interaction: it may be private.
    Reply,
    /// A message to a channel.
    Post,
    Edit,
}

/// The circumstances of a call.
pub struct Context<'a> {
    pub act: MessageAction,
    /// The current look of the message; `None` for a new one.
    pub now: Option<&'a Look>,
    /// The largest file, in bytes.
    pub file_limit: usize,
    pub forbidden_words: &'a [String],
}

const FIELDS: [&str; 6] = ["content", "embeds", "components", "attachments", "flags", "allowed_mentions"];
/// Of a message that answers no interaction.
const POSTED: [&str; 2] = ["nonce", "enforce_nonce"];
const SUPPRESS_EMBEDS: u64 = 1 << 2;

impl Violations {
    fn refuse(&mut self, what: impl Into<String>) {
        self.refused.push(what.into());
    }

    fn unwanted(&mut self, what: impl Into<String>) {
        self.unwanted.push(what.into());
    }

    /// `value` is an object with no other fields than these.
    fn only(&mut self, value: &Value, place: &str, fields: &[&str]) {
        let Some(object) = value.as_object() else { return self.refuse(format!("{place} is no object")) };
        for field in object.keys().filter(|field| !fields.contains(&field.as_str())) {
            self.unwanted(format!("{place} has the unknown field {field}"));
        }
    }

    /// Checks that the trimmed length of a text in UTF-16 units is in 1..=limit and returns it; 0 where there is no
    /// text.
    fn text(&mut self, value: &Value, place: &str, limit: usize) -> usize {
        if value.is_null() {
            return 0;
        }
        let Some(text) = value.as_str() else {
            self.refuse(format!("{place} is no text"));
            return 0;
        };
        let length = text.trim().encode_utf16().count();
        if length == 0 {
            self.refuse(format!("{place} is empty"));
        } else if length > limit {
            self.refuse(format!("{place} has {length} of {limit} characters"));
        }
        length
    }

    /// Checks a required text like [`Self::text`].
    fn needed(&mut self, value: &Value, place: &str, limit: usize) -> usize {
        if value.is_null() {
            self.refuse(format!("{place} is missing"));
        }
        self.text(value, place, limit)
    }

    /// Returns the items of a list of at most `limit`; none where there is no list.
    fn list<'a>(&mut self, value: &'a Value, place: &str, limit: usize) -> &'a [Value] {
        match value {
            Value::Null => &[],
            Value::Array(items) => {
                if items.len() > limit {
                    self.refuse(format!("{place} has {} of {limit} items", items.len()));
                }
                items
            }
            _ => {
                self.refuse(format!("{place} is no list"));
                &[]
            }
        }
    }
}

/// Checks the body of a message.
pub fn message(violations: &mut Violations, body: &Value, files: &[File], context: &Context) {
    match context.act {
        MessageAction::Post => violations.only(body, "the message", &[&FIELDS[..], &POSTED].concat()),
        _ => violations.only(body, "the message", &FIELDS),
    }
    if body["nonce"].as_str().is_some_and(|nonce| nonce.chars().count() > 25) {
        violations.refuse("the nonce has more than 25 characters");
    }
    text(violations, &body["content"], context);
    let names = attachments::check(violations, body, files, context);
    embeds::check(violations, &body["embeds"], &names);
    flags(violations, body, context);
    if is_v2(body, context) {
        components::any(violations, &body["components"], &names);
        alone(violations, body, context);
    } else {
        components::rows(violations, &body["components"]);
    }
    if body["allowed_mentions"] != json!({ "parse": [] }) {
        violations.unwanted(format!("allowed_mentions are {}", body["allowed_mentions"]));
    }
    if is_empty(body, &names, context) {
        violations.refuse("the message is empty");
    }
}

fn text(violations: &mut Violations, value: &Value, context: &Context) {
    let text = value.as_str().unwrap_or_default();
    if !text.is_empty() {
        violations.text(value, "content", 2000);
    }
    for word in context.forbidden_words.iter().filter(|word| text.contains(word.as_str())) {
        violations.unwanted(format!("content has {word:?}, which is not ours"));
    }
}

fn flags(violations: &mut Violations, body: &Value, context: &Context) {
    let flags = match &body["flags"] {
        Value::Null => 0,
        value => value.as_u64().unwrap_or(u64::MAX),
    };
    let has_embeds = match &body["embeds"] {
        Value::Array(embeds) => !embeds.is_empty(),
        _ => context.now.is_some_and(|look| !look.embeds.is_empty()),
    };
    if flags & SUPPRESS_EMBEDS != 0 && has_embeds {
        violations.unwanted("the flag SUPPRESS_EMBEDS hides our own embeds");
    }
    if flags & EPHEMERAL != 0 && context.act != MessageAction::Reply {
        violations.unwanted("the flag EPHEMERAL, where it cannot be set");
    }
    if flags & !(SUPPRESS_EMBEDS | EPHEMERAL | COMPONENTS_V2) != 0 {
        violations.unwanted(format!("the flags {flags}"));
    }
    let had_v2 = context.now.is_some_and(|look| look.flags & COMPONENTS_V2 != 0);
    if had_v2 && !body["flags"].is_null() && flags & COMPONENTS_V2 == 0 {
        violations.refuse("the flag IS_COMPONENTS_V2 cannot be taken away");
    }
}

/// The message has, or keeps, the flag `IS_COMPONENTS_V2`.
fn is_v2(body: &Value, context: &Context) -> bool {
    let kept = context.now.is_some_and(|look| look.flags & COMPONENTS_V2 != 0);
    kept || body["flags"].as_u64().is_some_and(|flags| flags & COMPONENTS_V2 != 0)
}

/// A message with the flag `IS_COMPONENTS_V2` has nothing but components.
fn alone(violations: &mut Violations, body: &Value, context: &Context) {
    let is_there = |field: &str, now: fn(&Look) -> bool| match body.get(field) {
        None => context.now.is_some_and(now),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => false,
    };
    if is_there("content", |look| !look.content.is_empty()) {
        violations.refuse("content beside the flag IS_COMPONENTS_V2");
    }
    if is_there("embeds", |look| !look.embeds.is_empty()) {
        violations.refuse("embeds beside the flag IS_COMPONENTS_V2");
    }
}

/// Nothing would be left to see.
fn is_empty(body: &Value, names: &[String], context: &Context) -> bool {
    let kept = |field: &str, now: fn(&Look) -> bool| match &body[field] {
        Value::Null if body.get(field).is_none() => context.now.is_some_and(now),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    names.is_empty()
        && !kept("content", |look| !look.content.is_empty())
        && !kept("embeds", |look| !look.embeds.is_empty())
        && !kept("components", |look| !look.components.is_empty())
}
