//! SHELL. Follow-ups: the conversation that a race continues.

use axum::http::StatusCode;
use serde::Deserialize;

use super::{HttpRefusal, races::record};
use crate::{
    arena::ContinueError,
    model::ModelId,
    race::conversation::{Conversation, FollowUp},
    web::LocalChannel,
};

/// The race that a typed line continues.
#[derive(Deserialize)]
pub(super) struct FollowUpRequest {
    /// Its id.
    race: String,
    /// The form of [`FollowUp::word`].
    with: String,
}

impl FollowUpRequest {
    /// Reads the conversation, and returns it with the models that take part if the line names none.
    pub(super) async fn read(
        &self,
        local: &LocalChannel,
    ) -> Result<(Conversation, Vec<ModelId>), HttpRefusal> {
        // only races of this channel are continued in it
        let parent = record(local, &self.race).await?;
        let follow_up = FollowUp::parse(&self.with)
            .filter(|follow_up| follow_up.lane().is_none_or(|lane| lane < parent.report.lanes.len()));
        let unknown = "That way to continue this race doesn't exist. Reload the page.";
        let follow_up = follow_up.ok_or_else(|| HttpRefusal::new(StatusCode::BAD_REQUEST, unknown))?;
        let conversation = local.arena.conversation(parent.id, follow_up.context()).await?;
        let chosen = |lane: usize| !matches!(follow_up, FollowUp::Lane(only) if only != lane);
        let models = conversation.models().enumerate().filter(|(lane, _)| chosen(*lane));
        let models = models.map(|(_, model)| model.clone()).collect();
        Ok((conversation, models))
    }
}

impl From<ContinueError> for HttpRefusal {
    fn from(error: ContinueError) -> Self {
        let say = match error {
            ContinueError::Lookup(error) => return error.into(),
            ContinueError::NoTexts => {
                "This race can't be continued: prompts and answers aren't stored here (text_days = 0). Start a new one."
            }
            ContinueError::VoteOpen => "The vote on this race is still open. Continue when it's closed.",
            ContinueError::NoAnswer => {
                "None of the models answered, so there is nothing to continue. Race again repeats the question."
            }
        };
        Self::new(StatusCode::CONFLICT, say)
    }
}
