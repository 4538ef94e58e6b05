//! A handle on a user's request, to wait for what the user sees.

use std::sync::Arc;

use super::{
    message::{File, Look, Message, Revision, Ts},
    server::Shared,
    world::{Acknowledgement, Action, View, World},
};

/// A request of a user. Clones refer to the same request.
#[derive(Clone)]
pub struct UserRequest {
    pub(super) shared: Arc<Shared>,
    pub(super) id: usize,
}

impl UserRequest {
    /// Returns the current state of the action.
    pub fn action(&self) -> Action {
        self.shared.read(|world| world.actions[self.id].clone())
    }

    /// Waits for the first acknowledgement.
    pub async fn wait_for_ack(&self) -> Acknowledgement {
        self.shared.wait_for(|world| world.actions[self.id].acks.first().cloned(), "an acknowledgement").await
    }

    /// The first private text with these words that was shown to the asker: by the acknowledgement, by the
    /// `response_url`, or by chat.postEphemeral.
    pub async fn wait_for_private_text(&self, words: &str) -> Revision {
        let find = |world: &World| {
            let mut all = world.ephemerals(self.id).flat_map(|message| &message.revisions);
            all.find(|revision| revision.look.text().contains(words)).cloned()
        };
        self.shared.wait_for(find, &format!("{words:?} in private")).await
    }

    /// Returns all private messages so far with their current looks.
    pub fn ephemerals(&self) -> Vec<Message> {
        self.shared.read(|world| world.ephemerals(self.id).cloned().collect())
    }

    /// Waits for the public message that this led to.
    pub async fn wait_for_message(&self) -> Ts {
        self.shared.wait_for(|world| Some(world.led_by(self.id)?.ts.clone()), "a message").await
    }

    /// Waits for the first revision of that message that satisfies the condition.
    pub async fn wait_until(&self, wanted: impl Fn(&Look) -> bool) -> Revision {
        let find = |world: &World| {
            let mut revisions = world.led_by(self.id)?.revisions.iter();
            revisions.find(|revision| wanted(&revision.look)).cloned()
        };
        self.shared.wait_for(find, "a certain revision").await
    }

    /// The first revision in which `words` can be read.
    pub async fn wait_for_text(&self, words: &str) -> Revision {
        self.wait_until(|look| look.text().contains(words)).await
    }

    /// The first revision that shows a race that is over.
    pub async fn wait_for_end(&self) -> Revision {
        self.wait_until(Look::is_over).await
    }

    /// All revisions of the message so far.
    pub fn revisions(&self) -> Vec<Revision> {
        self.shared
            .read(|world| world.led_by(self.id).map(|message| message.revisions.clone()).unwrap_or_default())
    }

    /// Returns the current look of the message.
    pub fn current(&self) -> Look {
        self.shared.read(|world| world.led_by(self.id).expect("no message answers").look().clone())
    }

    /// The bot's messages after that one in its thread, so far.
    pub fn thread(&self) -> Vec<Message> {
        self.shared.read(|world| world.below(self.id).into_iter().cloned().collect())
    }

    /// The first message in its thread with these words.
    pub async fn wait_for_reply(&self, words: &str) -> Message {
        let find = |world: &World| {
            world.below(self.id).into_iter().find(|message| message.text().contains(words)).cloned()
        };
        self.shared.wait_for(find, &format!("{words:?} in the thread")).await
    }

    /// The first file in its thread whose name ends so.
    pub async fn wait_for_file(&self, ending: &str) -> File {
        let find = |world: &World| {
            let mut files = world.below(self.id).into_iter().flat_map(|message| &message.files);
            files.find(|file| file.name.ends_with(ending)).cloned()
        };
        self.shared.wait_for(find, &format!("a file {ending}")).await
    }

    /// The modal that it opened.
    pub async fn wait_for_view(&self) -> View {
        let find = |world: &World| world.views.iter().find(|view| view.action == self.id).cloned();
        self.shared.wait_for(find, "a modal").await
    }

    /// No acknowledgement is expected of the bot.
    pub fn excuse(&self) {
        self.shared.with(|world| world.actions[self.id].is_excused = true);
    }
}

impl World {
    /// The first message that everybody sees and that an action led to.
    fn led_by(&self, action: usize) -> Option<&Message> {
        self.messages.iter().find(|message| message.action == Some(action) && message.only_for.is_none())
    }

    fn below(&self, action: usize) -> Vec<&Message> {
        let Some(first) = self.led_by(action) else { return vec![] };
        let after = |message: &&Message| message.root() == first.root() && message.ts > first.ts;
        self.public(&first.channel).filter(after).collect()
    }
}
