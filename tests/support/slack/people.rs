//! What people do: they type, they mention, they press, they submit. Only what the client would let them.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    FakeSlack,
    asked::Asked,
    cast::{Channel, Sort, User},
    message::{Look, Message, Revision, Ts},
    payload::escaped,
    world::{Happened, Kind, World},
};

/// The longest message that a person can send.
const LONGEST: usize = 40_000;

impl FakeSlack {
    /// Somebody types a slash command, "/arena", and what stands after it.
    ///
    /// # Panics
    /// When the manifest has no such command, or the channel is archived.
    pub fn types(&self, command: &str, text: &str, user: User, channel: &str) -> Asked {
        let (command, text) = (command.to_owned(), text.trim().to_owned());
        let known = self.house.see(|world| world.manifest.commands.contains(&command));
        assert!(known, "the manifest has no {command}");
        self.does(user, (channel, None), Kind::Command { command, text })
    }

    /// Somebody writes "@LLM Arena " and this, in a channel or, with `thread`, in a thread there.
    ///
    /// # Panics
    /// When the bot is not there, or the manifest does not ask for mentions.
    pub fn mentions(&self, text: &str, user: User, channel: &str, thread: Option<&str>) -> Asked {
        let is_told = |world: &World| {
            let known = world.channel(channel).expect("a channel");
            let scope = world.manifest.has("app_mentions:read") && world.wants("app_mention");
            known.has_bot && known.sort != Sort::Direct && scope
        };
        assert!(self.house.see(is_told), "the bot is not told of mentions in {channel}");
        let text = escaped(text);
        let ts = self.writes(&format!("<@U0ARENA> {text}"), user, channel, thread);
        self.does(user, (channel, thread), Kind::Mention { ts, text })
    }

    /// Somebody writes to the bot, in a thread where one is given.
    ///
    /// # Panics
    /// When the manifest does not ask for direct messages.
    pub fn says(&self, text: &str, user: User, thread: Option<&str>) -> Asked {
        let is_told = |world: &World| world.manifest.has("im:history") && world.wants("message.im");
        assert!(self.house.see(is_told), "the bot is not told of direct messages");
        let text = escaped(text);
        let ts = self.writes(&text, user, super::DM, thread);
        self.does(user, (super::DM, thread), Kind::Says { ts, text })
    }

    /// Somebody writes a message that the bot is not told of: its name, for threads under it.
    pub fn writes(&self, text: &str, user: User, channel: &str, thread: Option<&str>) -> Ts {
        assert!(text.chars().count() <= LONGEST, "nobody can write that much");
        self.house.with(|world| {
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
                asked: None,
                revisions: vec![Revision { at: Instant::now(), look }],
            });
            ts
        })
    }

    /// Somebody presses a button, by its label or its action id, on the newest revision of a message.
    ///
    /// # Panics
    /// When there is no such button to press for this user.
    pub fn presses(&self, message: &str, button: &str, user: User) -> Asked {
        let (channel, thread, action_id) = self.house.see(|world| world.button(message, button, user));
        let kind = Kind::Button { message: message.to_owned(), action_id };
        self.does(user, (&channel, Some(&thread)), kind)
    }

    /// Somebody fills in the modal that an action opened, and submits it. Inputs go by their label or block id,
    /// choices by their text or value.
    ///
    /// # Panics
    /// When there is no such input, or the client would not let it go.
    pub fn submits(&self, opened: &Asked, values: &[(&str, &str)], user: User) -> Asked {
        let (view, channel) = self.house.with(|world| {
            let view = world.views.iter_mut().rev().find(|view| view.asked == opened.id && view.is_open);
            let view = view.expect("no modal is open");
            assert_eq!(view.user.id, user.id, "only who sees a modal submits it");
            view.fills(values).unwrap_or_else(|why| panic!("nobody can submit that: {why}"));
            (view.id.clone(), view.channel.clone())
        });
        self.does(user, (&channel, None), Kind::Submission { view })
    }

    /// Somebody invites the bot.
    pub fn invites(&self, channel: &str) {
        self.change(channel, |channel| channel.has_bot = true);
    }

    /// Somebody archives the channel.
    pub fn archives(&self, channel: &str) {
        self.change(channel, |channel| channel.is_archived = true);
    }

    fn change(&self, channel: &str, change: impl FnOnce(&mut Channel)) {
        self.house.with(|world| change(world.channel_mut(channel)));
    }

    /// Somebody deletes the message.
    pub fn deletes(&self, message: &str) {
        self.house.with(|world| world.message_mut(message).expect("a message").deleted = true);
    }

    fn does(&self, user: User, (channel, thread): (&str, Option<&str>), kind: Kind) -> Asked {
        let id = self.house.with(|world| world.happens(user, (channel, thread), kind));
        self.courier.hands_over(id);
        Asked { house: Arc::clone(&self.house), id }
    }
}

impl World {
    pub(super) fn happens(
        &mut self,
        user: User,
        (channel, thread): (&str, Option<&str>),
        kind: Kind,
    ) -> usize {
        let id = self.asked.len();
        let is_event = matches!(kind, Kind::Mention { .. } | Kind::Says { .. } | Kind::Echo { .. });
        let is_view = matches!(kind, Kind::Submission { .. });
        let is_echo = matches!(kind, Kind::Echo { .. });
        if !is_event && !is_view {
            self.may_write(channel);
        }
        let number = self.number();
        let trigger = (!is_event).then(|| format!("{number}.474920.8088930838d88f{number:08}"));
        let hook = (!is_event && !is_view).then(|| self.hook(id));
        self.asked.push(Happened {
            user,
            channel: channel.to_owned(),
            thread: thread.map(str::to_owned),
            kind,
            trigger,
            hook,
            delivered: Instant::now(),
            acks: vec![],
            pardoned: is_echo,
        });
        id
    }

    fn may_write(&self, channel: &str) {
        let known = self.channel(channel).expect("a channel");
        assert!(!known.is_archived, "nobody writes in {channel}: it is archived");
    }

    /// The manifest asks for this event.
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
