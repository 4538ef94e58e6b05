//! The effects of valid calls on the world. Pure.

use serde_json::{Value, json};

use super::{
    call::Call,
    message::{Look, Message, Revision, Ts},
    method::Method,
    reply::Reply,
    users::{ANA, BEN, ChannelKind},
    world::World,
};

impl World {
    /// The effect of a call, and its answer.
    pub fn perform(&mut self, call: &Call) -> Reply {
        let done = match call.method {
            Method::AuthTest => Ok(self.auth_test()),
            Method::PostMessage => self.post(call),
            Method::Update => self.update(call),
            Method::PostEphemeral => self.post_ephemeral(call),
            Method::Delete => Err("nobody deletes here".into()),
            Method::OpenView => self.open_view(call),
            Method::PublishView => Ok(self.publish_view(call)),
            Method::Join => self.join(call.channel()),
            Method::Info => self.info(call.channel()),
            Method::UserInfo => self.user_info(call.text("user")),
            Method::Permalink => self.permalink(call),
            Method::GroupMembers => self.group_members(call.text("usergroup")),
            Method::GetUploadUrl => self.upload_url(call),
            Method::CompleteUpload => self.complete_upload(call),
            Method::OpenConnection => {
                self.connections_opened += 1;
                Ok(json!({ "url": self.socket_url }))
            }
            Method::Upload => return self.uploaded(call),
            Method::Respond => return self.respond(call),
        };
        match done {
            Ok(fields) => Reply::ok(fields),
            Err(code) => Reply::refused(&code),
        }
    }

    /// <https://docs.slack.dev/reference/methods/views.publish>
    fn publish_view(&mut self, call: &Call) -> Value {
        let view = call.fields.get("view").cloned().unwrap_or_default();
        if !self.manifest.has_home {
            self.violation_of(call.method, "the manifest has no Home tab");
        }
        self.homes.insert(call.text("user_id").to_owned(), view.clone());
        json!({ "view": view })
    }

    /// <https://docs.slack.dev/reference/methods/users.info>
    fn user_info(&self, id: &str) -> Result<Value, String> {
        let known =
            self.actions.iter().map(|action| action.user).chain([ANA, BEN]).find(|user| user.id == id);
        let user = known.ok_or("user_not_found")?;
        Ok(json!({ "user": {
            "id": id, "team_id": self.team, "name": user.name, "real_name": user.name,
            "profile": { "display_name": user.name, "real_name": user.name },
        } }))
    }

    /// <https://docs.slack.dev/reference/methods/chat.getPermalink>
    fn permalink(&self, call: &Call) -> Result<Value, String> {
        let channel = call.channel();
        let known = self.channel(channel).filter(|known| known.has_bot || known.kind == ChannelKind::Public);
        known.ok_or("channel_not_found")?;
        let ts = call.text("message_ts");
        let found = self.message(ts).filter(|message| message.channel == channel);
        let thread = &found.ok_or("message_not_found")?.thread;
        let thread =
            thread.as_ref().map(|root| format!("?thread_ts={root}&cid={channel}")).unwrap_or_default();
        let number = ts.replace('.', "");
        let permalink = format!("https://arena-story.slack.com/archives/{channel}/p{number}{thread}");
        Ok(json!({ "channel": channel, "permalink": permalink }))
    }

    /// <https://docs.slack.dev/reference/methods/usergroups.users.list>
    fn group_members(&self, group: &str) -> Result<Value, String> {
        let members = self.groups.get(group).ok_or("no_such_subteam")?;
        Ok(json!({ "users": members }))
    }

    fn auth_test(&self) -> Value {
        json!({
            "url": "https://arena-story.slack.com/", "team": "Arena story", "user": "llm_arena", "team_id": self.team,
            "user_id": self.bot_user, "bot_id": self.bot_id, "is_enterprise_install": false,
        })
    }

    /// The bot may write there. <https://docs.slack.dev/reference/scopes/chat.write.public>
    pub(super) fn admits(&self, channel: &str, without_joining: bool) -> Result<(), String> {
        let Some(known) = self.channel(channel) else { return Err("channel_not_found".into()) };
        match known.kind {
            _ if known.is_archived => Err("is_archived".into()),
            _ if known.has_bot => Ok(()),
            ChannelKind::Public if without_joining && self.manifest.has("chat:write.public") => Ok(()),
            ChannelKind::Public => Err("not_in_channel".into()),
            _ => Err("channel_not_found".into()),
        }
    }

    fn post(&mut self, call: &Call) -> Result<Value, String> {
        let channel = call.channel().to_owned();
        self.admits(&channel, true)?;
        let thread = self.thread_of(call)?;
        let action = self.led_to(&channel, thread.as_deref(), call);
        let ts = self.add(Look::of(&call.fields), (&channel, thread), None, action);
        let message = self.shown(&ts);
        Ok(json!({ "channel": channel, "ts": ts, "message": message }))
    }

    /// Returns the thread that a call names, which must exist.
    pub(super) fn thread_of(&mut self, call: &Call) -> Result<Option<Ts>, String> {
        let named = call.text("thread_ts");
        if named.is_empty() {
            return Ok(None);
        }
        let Some(root) = self.message(named).filter(|message| message.channel == call.channel()) else {
            self.violation_of(call.method, &format!("there is no message {named} to thread under"));
            return Err("thread_not_found".into());
        };
        let (is_reply, is_private) = (root.thread.is_some(), root.only_for.is_some());
        if is_reply || is_private {
            self.violation_of(call.method, "a thread stands under its first message, which everybody sees");
        }
        Ok(Some(named.to_owned()))
    }

    /// A new message of the bot.
    pub(super) fn add(
        &mut self,
        look: Look,
        (channel, thread): (&str, Option<Ts>),
        only_for: Option<String>,
        action: Option<usize>,
    ) -> Ts {
        let ts = self.ts();
        let revisions = vec![Revision { at: tokio::time::Instant::now(), look }];
        self.messages.push(Message {
            ts: ts.clone(),
            channel: channel.into(),
            thread,
            user: self.bot_user.into(),
            only_for,
            deleted: false,
            files: vec![],
            action,
            revisions,
        });
        ts
    }

    /// Returns the action that a message of the bot belongs to. Slack does not say, so it is a guess: among the
    /// actions in this place that have no message yet, the one whose last words occur in the message, or else the
    /// newest. An action that opened a form leads to no message; the submission does.
    pub(super) fn led_to(&self, channel: &str, thread: Option<&str>, call: &Call) -> Option<usize> {
        let shown = Look::of(&call.fields).text();
        let has_one = |id: usize| self.messages.iter().any(|m| m.action == Some(id) && m.only_for.is_none());
        let free = |id: &usize| {
            let action = &self.actions[*id];
            let in_thread =
                thread.is_none() || action.thread.as_deref() == thread || action.own_ts() == thread;
            let is_form = self.views.iter().any(|view| view.action == *id) || action.is_refused();
            action.channel == channel && in_thread && !action.is_echo() && !is_form && !has_one(*id)
        };
        let all: Vec<_> = (0..self.actions.len()).filter(free).collect();
        let said = |id: &&usize| {
            let words = self.words(&self.actions[**id]);
            let prompt = words.split_whitespace().filter(|word| !["compare", "ask", "blind"].contains(word));
            let tail: Vec<_> = prompt.rev().take(3).collect();
            !tail.is_empty() && tail.iter().all(|word| shown.contains(word))
        };
        all.iter().find(said).or(all.last()).copied()
    }

    fn update(&mut self, call: &Call) -> Result<Value, String> {
        let (channel, ts) = (call.channel().to_owned(), call.text("ts").to_owned());
        self.admits(&channel, true)?;
        let mine = self.bot_user;
        let Some(message) =
            self.message_mut(&ts).filter(|message| message.channel == channel && !message.deleted)
        else {
            return Err("message_not_found".into());
        };
        let (is_mine, is_private) = (message.user == mine, message.only_for.is_some());
        if !is_mine || is_private {
            self.violation_of(call.method, "only messages of the bot that everybody sees can be edited");
            return Err(if is_mine { "message_not_found" } else { "cant_update_message" }.into());
        }
        self.revise(&ts, Look::of(&call.fields));
        let message = self.shown(&ts);
        Ok(json!({ "channel": channel, "ts": ts, "text": call.text("text"), "message": message }))
    }

    pub(super) fn revise(&mut self, ts: &str, look: Look) {
        let message = self.message_mut(ts).expect("a message");
        let same = *message.look() == look;
        message.revisions.push(Revision { at: tokio::time::Instant::now(), look });
        self.edits_without_change += usize::from(same);
    }

    /// <https://docs.slack.dev/reference/methods/chat.postEphemeral>
    fn post_ephemeral(&mut self, call: &Call) -> Result<Value, String> {
        let (channel, user) = (call.channel().to_owned(), call.text("user").to_owned());
        self.admits(&channel, false)?;
        let thread = self.thread_of(call)?;
        let action =
            self.actions.iter().rposition(|action| action.user.id == user && action.channel == channel);
        let ts = self.add(Look::of(&call.fields), (&channel, thread), Some(user), action);
        Ok(json!({ "message_ts": ts }))
    }

    fn join(&mut self, channel: &str) -> Result<Value, String> {
        let Some(known) = self.channel(channel) else { return Err("channel_not_found".into()) };
        match known.kind {
            _ if known.is_archived => return Err("is_archived".into()),
            ChannelKind::Public => {}
            ChannelKind::Private if !known.has_bot => return Err("channel_not_found".into()),
            _ => return Err("method_not_supported_for_channel_type".into()),
        }
        self.channel_mut(channel).has_bot = true;
        self.info(channel)
    }

    fn info(&self, channel: &str) -> Result<Value, String> {
        let known = self.channel(channel).filter(|known| known.has_bot || known.kind == ChannelKind::Public);
        let Some(known) = known else { return Err("channel_not_found".into()) };
        Ok(json!({ "channel": {
            "id": known.id, "name": known.name, "is_channel": known.kind == ChannelKind::Public,
            "is_im": known.kind == ChannelKind::Direct, "is_private": known.kind == ChannelKind::Private,
            "is_archived": known.is_archived, "is_member": known.has_bot,
        } }))
    }

    /// Returns the message object.
    pub(super) fn shown(&self, ts: &str) -> Value {
        let message = self.message(ts).expect("a message");
        let mut told = message.json(self.app, (self.bot_user, self.bot_id), self.team);
        let is_reply = |other: &&Message| other.thread.as_deref() == Some(ts) && !other.deleted;
        let replies = self.messages.iter().filter(is_reply).count();
        if replies > 0 {
            // <https://docs.slack.dev/messaging/retrieving-messages#finding_threads>
            told["thread_ts"] = ts.into();
            told["reply_count"] = replies.into();
        }
        told
    }
}
