//! What Slack tells the bot of something that somebody did. Pure.
//! <https://docs.slack.dev/reference/interaction-payloads>, <https://docs.slack.dev/apis/events-api>

use serde_json::{Value, json};

use super::{
    message::Ts,
    world::{Happened, Kind, View, World},
};

/// Deprecated, but still there in all that Slack sends.
const VERIFICATION: &str = "verification5ecret";

/// What is handed to the bot.
#[derive(Clone, Debug)]
pub struct Payload {
    /// `type` of the Socket Mode envelope: `slash_commands`, `interactive`, `events_api`.
    pub kind: &'static str,
    pub json: Value,
    /// The envelope's acknowledgement may carry an answer.
    pub takes_answer: bool,
}

impl World {
    /// The payload of something that happened.
    pub(super) fn payload(&mut self, id: usize) -> Payload {
        let asked = self.asked[id].clone();
        match &asked.kind {
            Kind::Command { command, text } => self.command(&asked, command, text),
            Kind::Mention { ts, text } => {
                self.event(&asked, ts, &mention(self.bot_user, text), "app_mention")
            }
            Kind::Says { ts, text } => self.event(&asked, ts, text, "message"),
            Kind::Button { message, action_id } => self.action(&asked, message, action_id),
            Kind::Submission { view } => self.submission(&asked, view),
            Kind::Echo { ts } => self.echo(ts),
        }
    }

    fn hook_url(&self, asked: &Happened) -> Value {
        asked.hook.as_ref().map_or(Value::Null, |key| format!("{}/hooks/{key}", self.origin).into())
    }

    fn command(&self, asked: &Happened, command: &str, text: &str) -> Payload {
        let name = self.channel(&asked.channel).map_or("", |channel| &channel.name);
        let json = json!({
            "token": VERIFICATION, "team_id": self.team, "team_domain": "arena-story", "channel_id": asked.channel,
            "channel_name": name, "user_id": asked.user.id, "user_name": asked.user.name, "command": command,
            "text": escaped(text), "api_app_id": self.app, "is_enterprise_install": "false",
            "response_url": self.hook_url(asked), "trigger_id": asked.trigger,
        });
        Payload { kind: "slash_commands", json, takes_answer: true }
    }

    fn user(&self, asked: &Happened) -> Value {
        json!({ "id": asked.user.id, "username": asked.user.name, "name": asked.user.name, "team_id": self.team })
    }

    /// <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>
    fn action(&mut self, asked: &Happened, message: &Ts, action_id: &str) -> Payload {
        let shown = self.message(message).expect("a message").clone();
        let button = shown.look().button(action_id).expect("a button");
        let mut container = json!({
            "type": "message", "message_ts": message, "channel_id": asked.channel,
            "is_ephemeral": shown.only_for.is_some(),
        });
        if let Some(thread) = &shown.thread {
            container["thread_ts"] = thread.as_str().into();
        }
        let mut json = json!({
            "type": "block_actions", "token": VERIFICATION, "api_app_id": self.app, "user": self.user(asked),
            "team": { "id": self.team, "domain": "arena-story" }, "enterprise": null, "is_enterprise_install": false,
            "container": container, "trigger_id": asked.trigger, "response_url": self.hook_url(asked),
            "channel": { "id": asked.channel, "name": self.channel(&asked.channel).map_or("", |channel| &channel.name) },
            "state": { "values": {} },
            "actions": [{
                "type": "button", "action_id": button.action_id, "block_id": button.block_id, "value": button.value,
                "text": { "type": "plain_text", "text": button.label, "emoji": true }, "action_ts": self.ts(),
            }],
        });
        if shown.only_for.is_none() {
            json["message"] = self.shown(message);
        }
        Payload { kind: "interactive", json, takes_answer: false }
    }

    /// <https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload>
    fn submission(&self, asked: &Happened, view: &str) -> Payload {
        let view = self.views.iter().find(|other| other.id == view).expect("a view");
        let json = json!({
            "type": "view_submission", "token": VERIFICATION, "api_app_id": self.app, "user": self.user(asked),
            "team": { "id": self.team, "domain": "arena-story" }, "enterprise": null, "is_enterprise_install": false,
            "trigger_id": asked.trigger, "response_urls": [], "view": self.view_json(view),
        });
        Payload { kind: "interactive", json, takes_answer: true }
    }

    /// A view as Slack tells of it.
    pub(super) fn view_json(&self, view: &View) -> Value {
        let mut told = view.sent.clone();
        for (key, value) in
            [("private_metadata", json!("")), ("callback_id", json!("")), ("close", json!(null))]
        {
            if told[key].is_null() {
                told[key] = value;
            }
        }
        let more = json!({
            "id": view.id, "team_id": self.team, "hash": view.hash, "state": { "values": view.state },
            "clear_on_close": false, "notify_on_close": false, "previous_view_id": null, "root_view_id": view.id,
            "app_id": self.app, "external_id": "", "app_installed_team_id": self.team, "bot_id": self.bot_id,
        });
        for (key, value) in more.as_object().expect("an object") {
            told[key] = value.clone();
        }
        told
    }

    /// <https://docs.slack.dev/reference/events/app_mention>, <https://docs.slack.dev/reference/events/message.im>
    fn event(&mut self, asked: &Happened, ts: &str, text: &str, sort: &str) -> Payload {
        let mut event = json!({
            "type": sort, "user": asked.user.id, "ts": ts, "event_ts": ts, "channel": asked.channel, "team": self.team,
            "text": text, "client_msg_id": format!("0b8a6c1e-0000-4000-8000-{:012}", self.number()),
            "blocks": [{ "type": "rich_text", "block_id": "typed", "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": text }] },
            ] }],
        });
        if let Some(thread) = asked.thread.as_ref().filter(|thread| *thread != ts) {
            event["thread_ts"] = thread.as_str().into();
            event["parent_user_id"] = self.message(thread).map_or("", |root| &root.user).into();
        }
        if sort == "message" {
            event["channel_type"] = "im".into();
        }
        self.wrapped(&event)
    }

    /// The bot's own message, as a direct message tells of it.
    fn echo(&mut self, ts: &str) -> Payload {
        let mut event = self.shown(ts);
        let message = self.message(ts).expect("a message");
        let channel = message.channel.clone();
        if !message.files.is_empty() {
            event["subtype"] = "file_share".into();
        } else if message.revisions.len() > 1 {
            event = json!({
                "type": "message", "subtype": "message_changed", "hidden": true, "ts": self.ts(), "message": event,
                "previous_message": event,
            });
        }
        event["channel"] = channel.into();
        event["channel_type"] = "im".into();
        event["event_ts"] = event["ts"].clone();
        self.wrapped(&event)
    }

    fn wrapped(&mut self, event: &Value) -> Payload {
        let id = format!("Ev0{:08}", self.number());
        let json = json!({
            "type": "event_callback", "token": VERIFICATION, "team_id": self.team, "context_team_id": self.team,
            "api_app_id": self.app, "event": event, "event_id": id, "event_time": 1_764_000_000,
            "is_ext_shared_channel": false, "event_context": format!("4-{id}"),
            "authorizations": [{
                "enterprise_id": null, "team_id": self.team, "user_id": self.bot_user, "is_bot": true,
                "is_enterprise_install": false,
            }],
        });
        Payload { kind: "events_api", json, takes_answer: false }
    }
}

/// As Slack escapes whatever somebody types. <https://docs.slack.dev/messaging/formatting-message-text#escaping>
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn mention(bot: &str, text: &str) -> String {
    format!("<@{bot}> {text}")
}
