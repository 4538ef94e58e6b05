//! Payloads of users' actions. Pure.
//! <https://docs.slack.dev/reference/interaction-payloads>, <https://docs.slack.dev/apis/events-api>

use serde_json::{Value, json};

use super::{
    message::{Look, Ts},
    world::{Action, ActionKind, View, World},
};
use crate::support::cdn::CdnFile;

/// Deprecated, but still there in all that Slack sends.
const VERIFICATION: &str = "verification5ecret";

/// A payload for the bot.
#[derive(Clone, Debug)]
pub struct Payload {
    /// `type` of the Socket Mode envelope: `slash_commands`, `interactive`, `events_api`.
    pub kind: &'static str,
    pub json: Value,
    /// The envelope's acknowledgement may carry an answer.
    pub takes_answer: bool,
}

impl World {
    /// The payload of something that action.
    pub(super) fn payload(&mut self, id: usize) -> Payload {
        let action = self.actions[id].clone();
        match &action.kind {
            ActionKind::Command { command, text } => self.command(&action, command, text),
            ActionKind::Mention { ts, text } => {
                self.event(&action, ts, &mention(self.bot_user, text), "app_mention")
            }
            ActionKind::DirectMessage { ts, text } => self.event(&action, ts, text, "message"),
            ActionKind::Button { message, action_id } => {
                let button = self.message(message).expect("a message").look().button(action_id);
                let button = button.expect("a button");
                let pressed = json!({
                    "type": "button", "action_id": button.action_id, "block_id": button.block_id,
                    "value": button.value, "text": { "type": "plain_text", "text": button.label, "emoji": true },
                });
                self.action(&action, message, pressed)
            }
            ActionKind::Choice { message, action_id, value } => {
                let chosen = json!({
                    "type": "static_select", "action_id": action_id, "block_id": "menu",
                    "placeholder": { "type": "plain_text", "text": "menu", "emoji": true },
                    "selected_option": {
                        "text": { "type": "plain_text", "text": "chosen", "emoji": true }, "value": value,
                    },
                });
                self.action(&action, message, chosen)
            }
            ActionKind::Shortcut { callback, message } => self.shortcut(&action, callback, message),
            ActionKind::HomeOpened => self.home_opened(&action),
            ActionKind::HomeButton { action_id } => self.home_button(&action, action_id),
            ActionKind::Submission { view } => self.submission(&action, view),
            ActionKind::Echo { ts } => self.echo(ts),
        }
    }

    fn hook_url(&self, action: &Action) -> Value {
        action
            .response_url
            .as_ref()
            .map_or(Value::Null, |key| format!("{}/response_urls/{key}", self.origin).into())
    }

    fn command(&self, action: &Action, command: &str, text: &str) -> Payload {
        let name = self.channel(&action.channel).map_or("", |channel| &channel.name);
        let json = json!({
            "token": VERIFICATION, "team_id": self.team, "team_domain": "arena-story", "channel_id": action.channel,
            "channel_name": name, "user_id": action.user.id, "user_name": action.user.name, "command": command,
            "text": escaped(text), "api_app_id": self.app, "is_enterprise_install": "false",
            "response_url": self.hook_url(action), "trigger_id": action.trigger,
        });
        Payload { kind: "slash_commands", json, takes_answer: true }
    }

    fn user(&self, action: &Action) -> Value {
        json!({ "id": action.user.id, "username": action.user.name, "name": action.user.name, "team_id": self.team })
    }

    /// <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>
    fn action(&mut self, action: &Action, message: &Ts, mut done: Value) -> Payload {
        let shown = self.message(message).expect("a message").clone();
        done["action_ts"] = self.ts().into();
        let mut container = json!({
            "type": "message", "message_ts": message, "channel_id": action.channel,
            "is_ephemeral": shown.only_for.is_some(),
        });
        if let Some(thread) = &shown.thread {
            container["thread_ts"] = thread.as_str().into();
        }
        let mut json = json!({
            "type": "block_actions", "token": VERIFICATION, "api_app_id": self.app, "user": self.user(action),
            "team": { "id": self.team, "domain": "arena-story" }, "enterprise": null, "is_enterprise_install": false,
            "container": container, "trigger_id": action.trigger, "response_url": self.hook_url(action),
            "channel": { "id": action.channel, "name": self.channel(&action.channel).map_or("", |channel| &channel.name) },
            "state": { "values": {} },
            "actions": [done],
        });
        if shown.only_for.is_none() {
            json["message"] = self.shown(message);
        }
        Payload { kind: "interactive", json, takes_answer: false }
    }

    /// <https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload#message_actions>
    fn shortcut(&mut self, action: &Action, callback: &str, message: &Ts) -> Payload {
        let mut shown = self.shown(message);
        for (key, value) in self.parts.get(message).into_iter().flatten() {
            shown[key] = value.clone();
        }
        let action_ts = self.ts();
        let name = self.channel(&action.channel).map_or("", |channel| &channel.name);
        let json = json!({
            "type": "message_action", "token": VERIFICATION, "action_ts": action_ts,
            "team": { "id": self.team, "domain": "arena-story" }, "user": self.user(action),
            "channel": { "id": action.channel, "name": name }, "is_enterprise_install": false, "enterprise": null,
            "callback_id": callback, "trigger_id": action.trigger, "response_url": self.hook_url(action),
            "message_ts": message, "message": shown,
        });
        Payload { kind: "interactive", json, takes_answer: false }
    }

    /// <https://docs.slack.dev/reference/events/app_home_opened>
    fn home_opened(&mut self, action: &Action) -> Payload {
        let event = json!({
            "type": "app_home_opened", "user": action.user.id, "channel": action.channel, "tab": "home",
            "event_ts": self.ts(),
        });
        self.wrapped(&event)
    }

    fn home_button(&mut self, action: &Action, action_id: &str) -> Payload {
        let home = self.homes.get(action.user.id).expect("a Home tab").clone();
        let button = Look::of_blocks(&home["blocks"]).button(action_id).expect("a button");
        let mut view = home;
        let more = json!({
            "id": "V0HOME", "team_id": self.team, "hash": "1.home", "state": { "values": {} }, "app_id": self.app,
            "external_id": "", "private_metadata": "", "callback_id": "", "root_view_id": "V0HOME",
            "previous_view_id": null, "app_installed_team_id": self.team, "bot_id": self.bot_id,
        });
        for (key, value) in more.as_object().expect("an object") {
            view[key] = value.clone();
        }
        let json = json!({
            "type": "block_actions", "token": VERIFICATION, "api_app_id": self.app, "user": self.user(action),
            "team": { "id": self.team, "domain": "arena-story" }, "enterprise": null, "is_enterprise_install": false,
            "container": { "type": "view", "view_id": "V0HOME" }, "trigger_id": action.trigger, "view": view,
            "actions": [{
                "type": "button", "action_id": button.action_id, "block_id": "home", "value": button.value,
                "text": { "type": "plain_text", "text": button.label, "emoji": true }, "action_ts": self.ts(),
            }],
        });
        Payload { kind: "interactive", json, takes_answer: false }
    }

    /// <https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload>
    fn submission(&self, action: &Action, view: &str) -> Payload {
        let view = self.views.iter().find(|other| other.id == view).expect("a view");
        let json = json!({
            "type": "view_submission", "token": VERIFICATION, "api_app_id": self.app, "user": self.user(action),
            "team": { "id": self.team, "domain": "arena-story" }, "enterprise": null, "is_enterprise_install": false,
            "trigger_id": action.trigger, "response_urls": [], "view": self.view_json(view),
        });
        Payload { kind: "interactive", json, takes_answer: true }
    }

    /// Returns the view object.
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
    fn event(&mut self, action: &Action, ts: &str, text: &str, kind: &str) -> Payload {
        let mut event = json!({
            "type": kind, "user": action.user.id, "ts": ts, "event_ts": ts, "channel": action.channel, "team": self.team,
            "text": text, "client_msg_id": format!("0b8a6c1e-0000-4000-8000-{:012}", self.number()),
            "blocks": [{ "type": "rich_text", "block_id": "typed", "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": text }] },
            ] }],
        });
        if let Some(thread) = action.thread.as_ref().filter(|thread| *thread != ts) {
            event["thread_ts"] = thread.as_str().into();
            event["parent_user_id"] = self.message(thread).map_or("", |root| &root.user).into();
        }
        if kind == "message" {
            event["channel_type"] = "im".into();
        }
        let files = std::mem::take(&mut self.shared_next);
        if !files.is_empty() {
            if kind == "message" {
                event["subtype"] = "file_share".into();
            }
            event["files"] = files.into_iter().map(|file| self.shared_file(file)).collect();
        }
        self.wrapped(&event)
    }

    /// Keeps a file, and returns it as Slack describes it (<https://docs.slack.dev/reference/objects/file-object>).
    pub(super) fn shared_file(&mut self, file: CdnFile) -> Value {
        let id = format!("F1{:06}", self.number());
        let url = format!("{}/files-pri/{id}/{}", self.origin, file.name);
        let json = json!({
            "id": id, "created": 1_764_000_000, "timestamp": 1_764_000_000, "name": file.name, "title": file.name,
            "mimetype": file.mime, "filetype": "text", "pretty_type": "Plain Text", "user": "U1", "mode": "hosted",
            "editable": false, "is_external": false, "is_public": true, "public_url_shared": false,
            "size": file.bytes.len(), "url_private": url, "url_private_download": url, "file_access": "visible",
        });
        self.shared_files.push((id, file));
        json
    }

    /// Returns the event of the bot's own message in a direct message.
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

/// Escapes typed text as Slack does. <https://docs.slack.dev/messaging/formatting-message-text#escaping>
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn mention(bot: &str, text: &str) -> String {
    format!("<@{bot}> {text}")
}
