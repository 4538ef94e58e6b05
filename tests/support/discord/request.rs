//! What somebody who asked sees: a handle to wait on, without sleeps.

use std::sync::Arc;

use super::{
    message::{Look, Revision},
    server::Shared,
    world::{Id, Interaction, InteractionResponse, World},
};

/// Something that somebody asked for. Clones see the same.
#[derive(Clone)]
pub struct UserRequest {
    pub(super) shared: Arc<Shared>,
    pub(super) id: Id,
}

impl UserRequest {
    /// The interaction's id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The interaction as it stands.
    pub fn interaction(&self) -> Interaction {
        self.shared.read(|world| world.interaction(self.id).expect("known").clone())
    }

    /// The first answer, when it is there.
    pub async fn wait_for_ack(&self) -> InteractionResponse {
        self.shared.wait_for(|world| world.interaction(self.id)?.answer.clone(), "an answer").await
    }

    /// What a completion offers: name and value each.
    pub async fn wait_for_choices(&self) -> Vec<(String, String)> {
        self.wait_for_ack().await.choices
    }

    /// The message that answers, as soon as it is there.
    pub async fn wait_for_message(&self) -> Id {
        self.shared.wait_for(|world| world.interaction(self.id)?.original, "a message").await
    }

    /// The first revision, of the answer or of a message after it, that is as wanted.
    pub async fn wait_until(&self, wanted: impl Fn(&Look) -> bool) -> Revision {
        let find = |world: &World| {
            world.revisions(self.id).into_iter().find(|revision| wanted(&revision.look)).cloned()
        };
        self.shared.wait_for(find, "a certain revision").await
    }

    /// The first revision in which `words` can be read.
    pub async fn wait_for_text(&self, words: &str) -> Revision {
        let find = |world: &World| {
            let mut all = world.revisions(self.id).into_iter();
            all.find(|revision| revision.look.text().contains(words)).cloned()
        };
        self.shared.wait_for(find, &format!("{words:?}")).await
    }

    /// The first revision that is filled and has no Stop button.
    pub async fn wait_for_end(&self) -> Revision {
        let stop = |look: &Look| look.buttons().iter().any(|button| button.label.contains("Stop"));
        self.wait_until(|look| !look.is_loading() && !stop(look)).await
    }

    /// All revisions so far, of the answer and of messages after it.
    pub fn revisions(&self) -> Vec<Revision> {
        self.shared.read(|world| world.revisions(self.id).into_iter().cloned().collect())
    }

    /// What the answer looks like now.
    pub fn current(&self) -> Look {
        self.shared.read(|world| world.original(self.id).expect("no message answers").look().clone())
    }

    /// Waits until a first answer was tried, and tells Discord's error code for the last try; 0: accepted.
    pub async fn wait_for_response_code(&self) -> u64 {
        let token = self.interaction().token;
        let find = |world: &World| {
            let mut calls = world.calls.iter().rev();
            let of_this = |target: &str| target.strip_suffix("/0") == Some(token.as_str());
            let call = calls.find(|call| call.route == super::Route::Callback && of_this(&call.target))?;
            (call.status != 0).then_some(call.code)
        };
        self.shared.wait_for(find, "a first answer").await
    }

    /// No answer and no last word is expected of the bot.
    pub fn excuse(&self) {
        self.shared.with(|world| world.interaction_mut(self.id).expect("known").is_excused = true);
    }
}
