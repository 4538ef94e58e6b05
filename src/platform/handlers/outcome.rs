//! The outcomes of commands and buttons, which each platform shows in its own way.

use std::sync::Arc;

use crate::{
    arena::{CanaryStatus, CastBallot, OverviewKind, Recorded, Refused},
    button::{Button, Page},
    race::{
        RaceId, Record,
        vote::{Choice, Label},
    },
};

/// The outcome of a command or a button.
pub(crate) enum Outcome {
    /// A race that may begin.
    Race(Box<Recorded>),
    /// A race that may not begin.
    Refused(Refused),
    /// A sentence for the person alone.
    Notice(String),
    /// The board or the history, for everyone in the channel; it reads the store first.
    Overview(OverviewKind),
    /// The canaries, for the person alone.
    Watch(WatchReply),
    /// The line-up, which asks the providers first.
    Models,
    /// The example prompts.
    Examples,
    /// The help page.
    Help,
    /// The full answers of a finished race.
    Answers(Arc<Record>),
    /// The explanation of a finished race.
    Explanation(Arc<Record>),
    /// The replay of a finished race.
    Replay(Arc<Record>),
    /// The share card of a finished race.
    Share(Arc<Record>),
    /// A page of one answer of a finished race.
    Page(Arc<Record>, Page),
    /// The form that asks how a finished race is to be continued.
    FollowUpForm(Arc<Record>),
    /// The answer to a ballot that was cast, for the voter alone.
    Ballot(BallotReply),
    /// Its effect shows in the message itself.
    Done,
    /// Another process has the delivery and answers.
    Duplicate,
}

/// The canaries, as one person sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WatchReply {
    /// The canaries: at least one.
    pub(crate) canaries: Vec<CanaryStatus>,
    /// True if the person may run and pause them.
    pub(crate) may_change: bool,
    /// The sentence about who may, for those who may not.
    pub(crate) note: String,
}

impl WatchReply {
    /// Returns the buttons of a canary that this person may press, each with its emoji and its label.
    pub(crate) fn buttons(&self, canary: &CanaryStatus) -> Vec<(Button, &'static str, &'static str)> {
        let pause = if canary.is_paused {
            (Button::ResumeCanary(canary.key), "⏯️", "Resume")
        } else {
            (Button::PauseCanary(canary.key), "⏸️", "Pause")
        };
        if self.may_change { vec![(Button::RunCanary(canary.key), "🏁", "Run now"), pause] } else { vec![] }
    }
}

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
    pub(super) fn new(race: RaceId, ballot: &CastBallot, asks_second: bool) -> Self {
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
