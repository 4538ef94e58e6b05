//! Actions of users: typing, mentioning, pressing, submitting. Only what the client would allow.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    FakeSlack,
    message::{Look, Message, Revision, Ts},
    payload::escaped,
    request::UserRequest,
    users::{Channel, ChannelKind, User},
    world::{Acknowledgement, Action, ActionKind, World},
};
use crate::support::cdn::CdnFile;

/// The longest message that a person can send.
const MAX_CHARS: usize = 40_000;

impl FakeSlack {
    /// Types a slash command, such as "/arena", and text after it.
    ///
    /// # Panics
    /// If the manifest has no such command, or the channel is archived.
    pub fn type_command(&self, command: &str, text: &str, user: User, channel: &str) -> UserRequest {
        let (command, text) = (command.to_owned(), text.trim().to_owned());
        let known = self.shared.read(|world| world.manifest.commands.contains(&command));
        assert!(known, "the manifest has no {command}");
        self.does(user, (channel, None), ActionKind::Command { command, text })
    }

    /// Writes "@LLM Arena " and this text, in a channel or, with `thread`, in a thread there.
    ///
    /// # Panics
    /// If the bot is not there, or the manifest does not subscribe to mentions.
    pub fn mention(&self, text: &str, user: User, channel: &str, thread: Option<&str>) -> UserRequest {
        let is_told = |world: &World| {
            let known = world.channel(channel).expect("a channel");
            let scope = world.manifest.has("app_mentions:read") && world.wants("app_mention");
            known.has_bot && known.kind != ChannelKind::Direct && scope
        };
        assert!(self.shared.read(is_told), "the bot is not told of mentions in {channel}");
        let text = escaped(text);
        let ts = self.write_message(&format!("<@U0ARENA> {text}"), user, channel, thread);
        self.does(user, (channel, thread), ActionKind::Mention { ts, text })
    }

    /// Writes to the bot, in a thread if one is given.
    ///
    /// # Panics
    /// If the manifest does not subscribe to direct messages.
    pub fn direct_message(&self, text: &str, user: User, thread: Option<&str>) -> UserRequest {
        let is_told = |world: &World| world.manifest.has("im:history") && world.wants("message.im");
        assert!(self.shared.read(is_told), "the bot is not told of direct messages");
        let text = escaped(text);
        let ts = self.write_message(&text, user, super::DM, thread);
        self.does(user, (super::DM, thread), ActionKind::DirectMessage { ts, text })
    }

    /// Shares these files with the next message to the bot.
    ///
    /// # Panics
    /// If the manifest does not let the bot read files.
    pub fn share_next(&self, files: Vec<CdnFile>) {
        assert!(self.shared.read(|world| world.manifest.has("files:read")), "the bot cannot read files");
        self.shared.with(|world| world.shared_next = files);
    }

    /// Shares these files in a message that was written without an event for the bot.
    pub fn share_in(&self, message: &str, files: Vec<CdnFile>) {
        self.shared.with(|world| {
            let files = files.into_iter().map(|file| world.shared_file(file)).collect();
            world.parts.entry(message.to_owned()).or_default().insert("files".into(), files);
        });
    }

    /// Writes a message without an event for the bot. Returns its name, for threads under it.
    pub fn write_message(&self, text: &str, user: User, channel: &str, thread: Option<&str>) -> Ts {
        assert!(text.chars().count() <= MAX_CHARS, "nobody can write that much");
        self.shared.with(|world| {
            world.may_write(channel);
            let ts = world.ts();
            let look = Look { fallback: text.to_owned(), blocks: vec![] };
            world.messages.push(Message {
                ts: ts.clone(),
                channel: channel.to_owned(),
                thread: thread.map(str::to_owned),
                user: user.id.to_owned(),
                only_for: None,
                deleted: false,
                files: vec![],
                action: None,
                revisions: vec![Revision { at: Instant::now(), look }],
            });
            ts
        })
    }

    /// Presses a button, by its label or its action id, on the newest revision of a message.
    ///
    /// # Panics
    /// If this user cannot see or press such a button.
    pub fn press(&self, message: &str, button: &str, user: User) -> UserRequest {
        let (channel, thread, action_id) = self.shared.read(|world| world.button(message, button, user));
        let kind = ActionKind::Button { message: message.to_owned(), action_id };
        self.does(user, (&channel, Some(&thread)), kind)
    }

    /// Chooses an option, by a part of its label, from a menu on the newest revision of a message.
    ///
    /// # Panics
    /// If this user sees no such option.
    pub fn choose(&self, message: &str, option: &str, user: User) -> UserRequest {
        let (channel, thread, kind) = self.shared.read(|world| {
            let known = world.message(message).expect("a message");
            assert!(
                !known.deleted && known.only_for.as_deref().is_none_or(|only| only == user.id),
                "not seen"
            );
            let found = known.look().option(option);
            let (_, action_id, value) =
                found.unwrap_or_else(|| panic!("no option {option:?} in:\n{}", known.text()));
            let kind = ActionKind::Choice { message: message.to_owned(), action_id, value };
            (known.channel.clone(), known.root().clone(), kind)
        });
        self.does(user, (&channel, Some(&thread)), kind)
    }

    /// Uses a shortcut in the menu of a message, by its name.
    ///
    /// # Panics
    /// If the manifest has no such shortcut, or the user does not see the message.
    pub fn use_shortcut(&self, name: &str, message: &str, user: User) -> UserRequest {
        let (channel, root, callback) = self.shared.read(|world| {
            let shortcuts = &world.manifest.message_shortcuts;
            let callback =
                shortcuts.iter().find(|(known, _)| known == name).map(|(_, callback)| callback.clone());
            let found = world.message(message).expect("a message");
            assert!(!found.deleted && found.only_for.is_none(), "no shortcut on such a message");
            let callback = callback.unwrap_or_else(|| panic!("the manifest has no shortcut {name:?}"));
            (found.channel.clone(), found.root().clone(), callback)
        });
        let kind = ActionKind::Shortcut { callback, message: message.to_owned() };
        self.does(user, (&channel, Some(&root)), kind)
    }

    /// Opens the app's Home tab.
    ///
    /// # Panics
    /// If the manifest has none, or does not subscribe to it.
    pub fn open_home(&self, user: User) -> UserRequest {
        let is_told = |world: &World| world.manifest.has_home && world.wants("app_home_opened");
        assert!(self.shared.read(is_told), "the bot is not told of its Home tab");
        self.does(user, (super::DM, None), ActionKind::HomeOpened)
    }

    /// Presses a button on the Home tab, by a part of its label.
    ///
    /// # Panics
    /// If the user's Home tab has no such button.
    pub fn press_home(&self, button: &str, user: User) -> UserRequest {
        let action_id = self.shared.read(|world| {
            let home = world.homes.get(user.id).expect("a Home tab");
            Look::of_blocks(&home["blocks"]).button(button).expect("a button").action_id
        });
        self.does(user, (super::DM, None), ActionKind::HomeButton { action_id })
    }

    /// Fills in the modal that a request opened, and submits it. Inputs are named by label or block id, choices by
    /// text or value.
    ///
    /// # Panics
    /// If there is no such input, or the client would not submit it.
    pub fn submit(&self, opened: &UserRequest, values: &[(&str, &str)], user: User) -> UserRequest {
        let (view, channel, thread) = self.shared.with(|world| {
            let view = world.views.iter_mut().rev().find(|view| view.action == opened.id && view.is_open);
            let view = view.expect("no modal is open");
            assert_eq!(view.user.id, user.id, "only who sees a modal submits it");
            view.fill(values).unwrap_or_else(|why| panic!("nobody can submit that: {why}"));
            let (view, channel) = (view.id.clone(), view.channel.clone());
            (view, channel, world.actions[opened.id].thread.clone())
        });
        self.does(user, (&channel, thread.as_deref()), ActionKind::Submission { view })
    }

    /// Invites the bot to a channel.
    pub fn invite_bot(&self, channel: &str) {
        self.change(channel, |channel| channel.has_bot = true);
    }

    /// Archives a channel.
    pub fn archive(&self, channel: &str) {
        self.change(channel, |channel| channel.is_archived = true);
    }

    fn change(&self, channel: &str, change: impl FnOnce(&mut Channel)) {
        self.shared.with(|world| change(world.channel_mut(channel)));
    }

    /// Deletes a message.
    pub fn delete_message(&self, message: &str) {
        self.shared.with(|world| world.message_mut(message).expect("a message").deleted = true);
    }

    fn does(&self, user: User, (channel, thread): (&str, Option<&str>), kind: ActionKind) -> UserRequest {
        let id = self.shared.with(|world| world.happens(user, (channel, thread), kind));
        self.deliveries.deliver(id);
        UserRequest { shared: Arc::clone(&self.shared), id }
    }
}

impl World {
    pub(super) fn happens(
        &mut self,
        user: User,
        (channel, thread): (&str, Option<&str>),
        kind: ActionKind,
    ) -> usize {
        let id = self.actions.len();
        let is_event = matches!(
            kind,
            ActionKind::Mention { .. }
                | ActionKind::DirectMessage { .. }
                | ActionKind::Echo { .. }
                | ActionKind::HomeOpened
        );
        let is_view = matches!(kind, ActionKind::Submission { .. } | ActionKind::HomeButton { .. });
        let is_echo = matches!(kind, ActionKind::Echo { .. });
        if !is_event && !is_view {
            self.may_write(channel);
        }
        let number = self.number();
        let trigger = (!is_event).then(|| format!("{number}.474920.8088930838d88f{number:08}"));
        let response_url = (!is_event && !is_view).then(|| self.response_url(id));
        self.actions.push(Action {
            user,
            channel: channel.to_owned(),
            thread: thread.map(str::to_owned),
            kind,
            trigger,
            response_url,
            delivered: Instant::now(),
            acks: vec![],
            is_excused: is_echo,
        });
        id
    }

    fn may_write(&self, channel: &str) {
        let known = self.channel(channel).expect("a channel");
        assert!(!known.is_archived, "nobody writes in {channel}: it is archived");
    }

    /// Returns true if the manifest subscribes to this event.
    pub(super) fn wants(&self, event: &str) -> bool {
        self.manifest.events.iter().any(|known| known == event)
    }

    fn button(&self, message: &str, button: &str, user: User) -> (String, Ts, String) {
        let message = self.message(message).expect("a message");
        assert!(!message.deleted, "nobody can press {button:?} on a deleted message");
        let sees = message.only_for.as_deref().is_none_or(|only| only == user.id);
        assert!(sees, "{} does not see this message", user.name);
        let found = message.look().button(button);
        let found = found.unwrap_or_else(|| panic!("no button {button:?} in:\n{}", message.text()));
        (message.channel.clone(), message.root().clone(), found.action_id)
    }
}

impl Action {
    /// For people: who did what.
    pub fn name(&self) -> String {
        let what = match &self.kind {
            ActionKind::Command { command, .. } => command.clone(),
            ActionKind::Mention { .. } => "a mention".into(),
            ActionKind::DirectMessage { .. } => "a direct message".into(),
            ActionKind::Button { action_id, .. } | ActionKind::HomeButton { action_id } => {
                format!("the button {action_id}")
            }
            ActionKind::Choice { action_id, .. } => format!("the menu {action_id}"),
            ActionKind::Shortcut { callback, .. } => format!("the shortcut {callback}"),
            ActionKind::HomeOpened => "a look at the Home tab".into(),
            ActionKind::Submission { .. } => "a modal".into(),
            ActionKind::Echo { .. } => "an echo".into(),
        };
        format!("{what} of {} in {}", self.user.name, self.channel)
    }

    pub fn is_echo(&self) -> bool {
        matches!(self.kind, ActionKind::Echo { .. })
    }

    /// The message that it was typed as.
    pub fn own_ts(&self) -> Option<&str> {
        match &self.kind {
            ActionKind::Mention { ts, .. } | ActionKind::DirectMessage { ts, .. } => Some(ts),
            _ => None,
        }
    }

    /// A form that was sent back.
    pub fn is_refused(&self) -> bool {
        let said = |ack: &Acknowledgement| {
            ack.payload.as_ref().is_some_and(|said| said["response_action"] == "errors")
        };
        self.acks.iter().any(said)
    }
}
