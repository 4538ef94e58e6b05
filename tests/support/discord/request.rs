//! A handle on a user's request, to wait for what the user sees.

use std::sync::Arc;

use super::{
    interaction::{Interaction, InteractionResponse},
    message::{Look, Revision},
    server::Shared,
    world::{Id, World},
};

/// A request of a user. Clones refer to the same request.
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

    /// Returns the current state of the interaction.
    pub fn interaction(&self) -> Interaction {
        self.shared.read(|world| world.interaction(self.id).expect("known").clone())
    }

    /// Waits for the first response.
    pub async fn wait_for_ack(&self) -> InteractionResponse {
        self.shared.wait_for(|world| world.interaction(self.id)?.answer.clone(), "an answer").await
    }

    /// Waits for the name and the value of each completion.
    pub async fn wait_for_choices(&self) -> Vec<(String, String)> {
        self.wait_for_ack().await.choices
    }

    /// Waits for the form that opens, and returns the labels of its options.
    ///
    /// # Panics
    /// If another answer comes.
    pub async fn wait_for_form(&self) -> Vec<String> {
        let form = self.wait_for_ack().await.form.expect("no form was opened");
        let fields = form["components"].as_array().into_iter().flatten();
        let options = fields.flat_map(|label| label["component"]["options"].as_array().into_iter().flatten());
        options.map(|option| option["label"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits for the message that answers.
    pub async fn wait_for_message(&self) -> Id {
        self.shared.wait_for(|world| world.interaction(self.id)?.original, "a message").await
    }

    /// Waits for the first revision, of the answer or of a follow-up, that satisfies the condition.
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

    /// Returns the current look of the answer.
    pub fn current(&self) -> Look {
        self.shared.read(|world| world.original(self.id).expect("no message answers").look().clone())
    }

    /// Waits for a first response and returns Discord's error code for the last attempt; 0 if it was accepted.
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

    /// Exempts the bot from answering.
    pub fn excuse(&self) {
        self.shared.with(|world| world.interaction_mut(self.id).expect("known").is_excused = true);
    }
}
