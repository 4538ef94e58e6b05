//! The ballots of a blind race, cast with buttons.

use super::{Caller, Handlers, Outcome};
use crate::{
    arena::CastBallot,
    button::Button,
    race::{
        RaceId,
        vote::{Choice, Label},
    },
};

/// The answer to a ballot that was cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BallotReply {
    /// The race of the vote.
    pub(crate) race: RaceId,
    /// The ballot in words.
    pub(crate) text: String,
    /// The buttons that name the second best answer, each with its text; none once that is decided.
    pub(crate) buttons: Vec<(Button, String)>,
}

impl BallotReply {
    /// The answer to `ballot`; `asks_second` if the voter has not been asked for the second best answer.
    fn new(race: RaceId, ballot: &CastBallot, asks_second: bool) -> Self {
        const CHANGEABLE: &str = "You can change it until the vote closes.";
        let others = |best: Label| {
            let others = ballot.labels.iter().copied().filter(move |label| *label != best);
            let second =
                others.map(move |label| (Button::Second(race, best, Some(label)), label.to_string()));
            second.chain([(Button::Second(race, best, None), "No second".to_owned())])
        };
        let (text, buttons) = match ballot.choice {
            Choice::Best(best, _) if asks_second => {
                let text = format!("Your ballot: {best} is best. It's saved. Which one is second best?");
                (text, others(best).collect())
            }
            Choice::Best(best, Some(second)) => {
                (format!("Your ballot is saved: {best} is best, then {second}. {CHANGEABLE}"), vec![])
            }
            Choice::Best(best, None) => {
                (format!("Your ballot is saved: {best} is best. {CHANGEABLE}"), vec![])
            }
            Choice::NoneGood => (format!("Your ballot is saved: none is good. {CHANGEABLE}"), vec![]),
        };
        Self { race, text, buttons }
    }
}

impl Handlers {
    /// Casts a ballot that names the best answer, and asks for the second best.
    pub(super) async fn vote_best(
        &self,
        caller: &Caller,
        id: RaceId,
        best: Label,
    ) -> Result<Outcome, Outcome> {
        let ballot = self.cast(caller, id, Choice::Best(best, None)).await?;
        Ok(Outcome::Ballot(BallotReply::new(id, &ballot, true)))
    }

    /// Casts a whole ballot, which closes the vote where only one person can vote.
    pub(super) async fn vote(&self, caller: &Caller, id: RaceId, choice: Choice) -> Result<Outcome, Outcome> {
        let ballot = self.cast(caller, id, choice).await?;
        if caller.is_alone {
            return self.close_vote(caller, id, true).await;
        }
        Ok(Outcome::Ballot(BallotReply::new(id, &ballot, false)))
    }

    async fn cast(&self, caller: &Caller, id: RaceId, choice: Choice) -> Result<CastBallot, Outcome> {
        self.arena.cast(id, &caller.asker.id, choice).await.map_err(Outcome::notice)
    }

    /// Closes a vote; `may_close` is true for people who may close those of others.
    pub(super) async fn close_vote(
        &self,
        caller: &Caller,
        id: RaceId,
        may_close: bool,
    ) -> Result<Outcome, Outcome> {
        let closed = self.arena.close_vote_for(id, &caller.asker.id, may_close, caller.stoppers);
        closed.await.map(|()| Outcome::Done).map_err(Outcome::notice)
    }
}
