//! SHELL. Messages and views for one person: answers, the line-up, the canaries, the Home tab.

use super::{CommandHandler, public_thread};
use crate::{
    button::Button,
    platform::handlers::{LISTING_TIMEOUT, Outcome},
    slack::{
        METRICS,
        incoming::{Incoming, Kind},
        render::{self, Body, Pressed},
    },
};

/// In place of the ballot that ended a vote.
const VOTE_ENDED: &str = "Your ballot is saved. The vote is closed, and the message shows its result.";

impl CommandHandler {
    /// Returns the message for the person alone that shows `outcome`, if a message does that can be sent at once.
    pub(super) fn private(&self, incoming: &Incoming, outcome: &Outcome) -> Option<Body> {
        let place = || self.caller(incoming).place;
        Some(match outcome {
            Outcome::Notice(text) => render::notice(text),
            Outcome::Misread { text, question } => {
                render::suggestion(text, question, public_thread(incoming).as_deref())
            }
            Outcome::Examples => {
                render::examples(&self.handlers.examples, public_thread(incoming).as_deref())
            }
            Outcome::Help => render::help(self.arena().cards()),
            Outcome::Explanation(record) => render::explanation(record),
            Outcome::Ballot(ballot) => render::ballot(ballot).sealed(&self.handlers.sealer, &place()),
            Outcome::Page(record, page) => {
                render::page(record, *page).sealed(&self.handlers.sealer, &place())
            }
            Outcome::Done if is_ballot_reply(incoming) => render::notice(VOTE_ENDED),
            Outcome::Race(_)
            | Outcome::Overview(_)
            | Outcome::Watch(_)
            | Outcome::Models
            | Outcome::Answers(_)
            | Outcome::Replay(_)
            | Outcome::Share(_)
            | Outcome::FollowUpForm(_)
            | Outcome::Done
            | Outcome::Duplicate => return None,
        })
    }

    /// Shows `outcome` to the person alone, if a message does.
    pub(super) async fn say_outcome(&self, incoming: &Incoming, outcome: &Outcome) {
        let Some(body) = self.private(incoming, outcome) else { return };
        // a page is turned, and a ballot is changed, where it is shown
        if matches!(outcome, Outcome::Page(..)) || is_ballot_reply(incoming) {
            self.say_in_place(incoming, &body).await;
        } else {
            self.reply(incoming).say(&body).await;
        }
    }

    /// Sends `body` to the person, in place of the private message whose button was pressed, if it is one.
    pub(super) async fn say_in_place(&self, incoming: &Incoming, body: &Body) {
        match incoming.kind {
            Kind::Button { is_private: true, .. } => self.reply(incoming).instead(body).await,
            _ => self.reply(incoming).say(body).await,
        }
    }

    /// Shows the line-up.
    pub(super) async fn models(&self, incoming: &Incoming) {
        let entrants = self.arena().entrants(LISTING_TIMEOUT);
        if let Some(entrants) = self.arena().unless_interrupted(entrants).await {
            self.reply(incoming).say(&render::models(&entrants)).await;
        }
    }

    /// Fills the Home tab, which a user opened, with the line-up and their last races.
    pub(super) async fn home(&self, incoming: &Incoming) {
        METRICS.command("home");
        let person = self.caller(incoming).asker.id;
        let known =
            async { tokio::join!(self.arena().entrants(LISTING_TIMEOUT), self.arena().past_races(&person)) };
        let Some((entrants, races)) = self.arena().unless_interrupted(known).await else { return };
        let Some(place) = &incoming.place else { return };
        let view = render::home(&entrants, &races, &place.channel);
        let published = self.api.publish_view(&incoming.user, &view);
        if let Some(Err(error)) = self.arena().unless_interrupted(published).await {
            tracing::warn!(%error, "failed to fill a Home tab");
        }
    }
}

/// Returns true for a button of the private answer to a ballot.
fn is_ballot_reply(incoming: &Incoming) -> bool {
    let Kind::Button { action_id, value, is_private: true, .. } = &incoming.kind else { return false };
    let pressed = render::pressed(action_id, value);
    matches!(pressed, Some(Pressed { button: Button::Second(..), .. }))
}
