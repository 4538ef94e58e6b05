//! The vote on a blind race: its labels, its ballots, its phases.
//!
//! ```text
//! lanes run -> Awaited -> Open (labels over the finished lanes, ballots) -> Closed (names and votes are shown)
//!                      -> None (fewer than two answers: an ordinary result)
//! ```

use std::fmt;

use jiff::Timestamp;

use super::report::LaneReport;

/// The most answers that one vote takes: their buttons must fit under one message.
pub const MAX_LABELS: usize = 20;

/// The purpose of a race.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RaceKind {
    /// Everyone watches the models write.
    #[default]
    Open,
    /// The models stay unknown until ballots have decided.
    Blind,
    /// The service watches the models itself: no one sees the race.
    Canary,
}

impl RaceKind {
    /// The word in databases and in buttons.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Blind => "blind",
            Self::Canary => "canary",
        }
    }

    /// Parses the form of [`Self::as_str`]; an unknown word is an open race.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "blind" => Self::Blind,
            "canary" => Self::Canary,
            _ => Self::Open,
        }
    }
}

/// The letter under which a blind race shows an answer: 0 is A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(u8);

impl Label {
    /// The label of the answer at `index`; `None` beyond [`MAX_LABELS`].
    #[must_use]
    pub fn at(index: usize) -> Option<Self> {
        u8::try_from(index).ok().filter(|_| index < MAX_LABELS).map(Self)
    }

    /// Parses one capital letter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let [letter @ b'A'..=b'Z'] = text.as_bytes() else { return None };
        Self::at(usize::from(letter - b'A'))
    }

    /// The index of the answer.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.into()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(b'A' + self.0))
    }
}

/// An answer of a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKey {
    /// The lane at this index of the line-up.
    Lane(usize),
    /// The answer with this label. Ids of messages use it while a vote is open, since the index would tell the model.
    Label(Label),
}

impl From<usize> for AnswerKey {
    fn from(lane: usize) -> Self {
        Self::Lane(lane)
    }
}

/// The choice of a voter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The best answer, and the best of the others if the voter named one.
    Best(Label, Option<Label>),
    /// None of the answers is good.
    NoneGood,
}

/// The ballots of one vote, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of people who voted.
    pub voters: u64,
    /// For each label, the ballots that named it best.
    pub best: Vec<u64>,
    /// For each label, the ballots that named it second.
    pub second: Vec<u64>,
    /// The ballots that found no answer good.
    pub none_good: u64,
}

impl Tally {
    /// The number of ballots that named this label best.
    #[must_use]
    pub fn best(&self, label: Label) -> u64 {
        self.best.get(label.index()).copied().unwrap_or(0)
    }

    /// The number of ballots that named this label second.
    #[must_use]
    pub fn second(&self, label: Label) -> u64 {
        self.second.get(label.index()).copied().unwrap_or(0)
    }

    /// Adds one ballot.
    pub fn add(&mut self, choice: Choice) {
        let count = |counts: &mut Vec<u64>, label: Label| {
            counts.resize(counts.len().max(label.index() + 1), 0);
            counts[label.index()] += 1;
        };
        self.voters += 1;
        match choice {
            Choice::Best(best, second) => {
                count(&mut self.best, best);
                if let Some(second) = second {
                    count(&mut self.second, second);
                }
            }
            Choice::NoneGood => self.none_good += 1,
        }
    }
}

/// A vote that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The indices of the lanes in the order of their labels.
    pub order: Vec<usize>,
    /// The number of lanes without a label: their models gave no complete answer.
    pub left_out: usize,
    /// The time at which the vote closes by itself.
    pub closes_at: Timestamp,
    /// True until the vote is closed.
    pub is_open: bool,
    /// The ballots so far. While the vote is open, only the number of voters may be shown.
    pub tally: Tally,
    /// The reason why the ballots do not count on the board, if they do not.
    pub uncounted: Option<Uncounted>,
}

impl Vote {
    /// The labels with the indices of their lanes.
    pub fn labels(&self) -> impl Iterator<Item = (Label, usize)> + '_ {
        self.order.iter().enumerate().filter_map(|(index, lane)| Some((Label::at(index)?, *lane)))
    }

    /// The label of a lane, if it has one.
    #[must_use]
    pub fn label_of(&self, lane: usize) -> Option<Label> {
        Label::at(self.order.iter().position(|index| *index == lane)?)
    }
}

/// The reason why the ballots of a race are shown and do not count on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncounted {
    /// An answer named its model or its maker.
    Leaked,
    /// The asker had asked the same a few minutes before.
    Repeated,
}

impl Uncounted {
    /// The word in databases and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leaked => "leaked",
            Self::Repeated => "repeated",
        }
    }

    /// Parses the form of [`Self::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Leaked, Self::Repeated].into_iter().find(|reason| reason.as_str() == word)
    }

    /// A sentence for users.
    #[must_use]
    pub fn public(self) -> &'static str {
        match self {
            Self::Leaked => "An answer named its model, so this vote isn't on the board.",
            Self::Repeated => {
                "The same question was asked a few minutes before, so this vote isn't on the board."
            }
        }
    }
}

/// The phase of a race's vote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum VoteState {
    /// There is no vote: the race is an open one, or a blind one with fewer than two answers.
    #[default]
    None,
    /// The lanes of a blind race are running, or the labels are being drawn.
    Awaited,
    /// People are voting, or have voted.
    Opened(Vote),
}

impl VoteState {
    /// The vote, once it was opened.
    #[must_use]
    pub fn opened(&self) -> Option<&Vote> {
        if let Self::Opened(vote) = self { Some(vote) } else { None }
    }

    /// Returns true if the race is not over before the vote moves on.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        match self {
            Self::None => false,
            Self::Awaited => true,
            Self::Opened(vote) => vote.is_open,
        }
    }
}

/// The lanes that can be voted on: those with a complete answer.
#[must_use]
pub fn candidates(lanes: &[LaneReport]) -> Vec<usize> {
    let has_answer = |lane: &LaneReport| lane.status.is_finished() && !lane.answer.trim().is_empty();
    lanes.iter().enumerate().filter(|(_, lane)| has_answer(lane)).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_letters_as_far_as_buttons_fit() {
        let label = Label::parse("B").expect("a label");
        assert_eq!((label.index(), label.to_string()), (1, "B".to_owned()));
        assert_eq!(Label::at(19).map(|label| label.to_string()), Some("T".to_owned()));
        for wrong in ["", "b", "AB", "U", "é", "1"] {
            assert_eq!(Label::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Label::at(MAX_LABELS), None);
    }

    #[test]
    fn a_tally_counts_best_second_and_none() {
        let label = |index| Label::at(index).expect("a label");
        let mut tally = Tally::default();
        tally.add(Choice::Best(label(2), Some(label(0))));
        tally.add(Choice::Best(label(2), None));
        tally.add(Choice::NoneGood);
        assert_eq!((tally.voters, tally.none_good), (3, 1));
        assert_eq!((tally.best(label(2)), tally.second(label(0)), tally.best(label(4))), (2, 1, 0));
    }
}
