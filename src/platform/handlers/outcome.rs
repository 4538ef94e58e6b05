//! The person behind a command or a button, and the outcome that the platform shows.

use std::sync::Arc;

use super::{BallotReply, WatchReply};
use crate::{
    arena::{ExpectedFile, Origin, OverviewKind, Recorded, Refused},
    button::Page,
    race::{Asker, Record},
};

/// The person behind a command or a button, and where they are.
pub(crate) struct Caller {
    /// The person.
    pub(crate) asker: Asker,
    /// The server and the channel, in the form in which messages are sealed.
    pub(crate) place: String,
    /// The channel alone, in the form in which alerts are sealed.
    pub(crate) alert_place: String,
    /// The verdict of the allow-lists of people alone, for alerts, whose channel is the operator's choice.
    pub(crate) person_permission: Result<(), Refused>,
    /// The delivery, for the record of a race.
    pub(crate) origin: Origin,
    /// The files that they attached, still to be fetched.
    pub(crate) files: Vec<ExpectedFile>,
    /// The verdict of the allow-lists, without those that a platform has to be asked for.
    pub(crate) permission: Result<(), Refused>,
    /// True if they may stop the races of others.
    pub(crate) may_stop_any: bool,
    /// True if no one else sees the message: then their ballot decides a vote.
    pub(crate) is_alone: bool,
    /// The people besides the asker who may stop a race, as in "manage this channel".
    pub(crate) stoppers: &'static str,
}

/// The outcome of a command or a button.
pub(crate) enum Outcome {
    /// A race that may begin.
    Race(Box<Recorded>),
    /// A sentence for the person alone, such as a refusal.
    Notice(String),
    /// A line without a known command, which may be a question.
    Misread {
        /// The sentence for the person.
        text: String,
        /// The line.
        question: String,
    },
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

impl Outcome {
    /// Returns the outcome that shows `text`, or an error in its place.
    #[expect(clippy::needless_pass_by_value, reason = "`map_err` passes values")]
    pub(super) fn notice(text: impl ToString) -> Self {
        Self::Notice(text.to_string())
    }
}

impl From<Refused> for Outcome {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Duplicate => Self::Duplicate,
            refused => Self::notice(refused),
        }
    }
}
