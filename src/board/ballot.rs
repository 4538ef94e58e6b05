//! One voter's ballot in one blind race, checked for contradictions.

use std::sync::Arc;

/// A ballot that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BallotError {
    /// It names no race.
    #[error("the race is missing")]
    NoRace,
    /// It names no voter.
    #[error("the voter is missing")]
    NoVoter,
    /// Its race had no answers.
    #[error("no lanes are listed")]
    NoLanes,
    /// A contender's key is empty or holds spaces.
    #[error("{0:?} is not a model's id")]
    InvalidContender(String),
    /// Its race had a contender twice.
    #[error("{0:?} is listed twice")]
    RepeatedLane(String),
    /// Its best contender had no lane.
    #[error("{0:?} is not one of the lanes")]
    UnknownBest(String),
    /// Its second contender had no lane.
    #[error("{0:?} is not one of the lanes")]
    UnknownSecond(String),
    /// It has a second contender, but no best.
    #[error("there is a second choice, but no best")]
    SecondWithoutBest,
    /// Its best and second contender are identical.
    #[error("best and second are both {0:?}")]
    SecondIsBest(String),
    /// It says that none is good, and names one.
    #[error("none_good is 1, but a best model is named")]
    NoneGoodWithBest,
}

/// The decision of a voter. The numbers are indices of the ballot's lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Nothing was decided: the ballot does not count.
    Blank,
    /// No answer is good.
    NoneGood,
    /// The best answer, and the best of the others if one was named.
    Best {
        /// The best lane.
        best: usize,
        /// The second best lane.
        second: Option<usize>,
    },
}

/// A voter's ballot in a blind race. Contenders are opaque keys: a model's id, and in the store `@` and a hash of its
/// settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    race: Arc<str>,
    voter: Arc<str>,
    lanes: Arc<[Arc<str>]>,
    choice: Choice,
    longest: Option<usize>,
}

impl Ballot {
    /// Returns the ballot of `voter` in `race` between the contenders `lanes`.
    ///
    /// # Errors
    /// [`BallotError`] if it contradicts itself.
    pub fn new(
        race: impl Into<Arc<str>>,
        voter: impl Into<Arc<str>>,
        lanes: impl Into<Arc<[Arc<str>]>>,
        (best, second): (Option<&str>, Option<&str>),
        none_good: bool,
    ) -> Result<Self, BallotError> {
        let (race, voter, lanes) = (race.into(), voter.into(), lanes.into());
        if race.is_empty() {
            return Err(BallotError::NoRace);
        }
        if voter.is_empty() {
            return Err(BallotError::NoVoter);
        }
        check_lanes(&lanes)?;
        let lane = |key: &str| lanes.iter().position(|lane| **lane == *key);
        let choice = match (best, second) {
            (Some(_), _) if none_good => return Err(BallotError::NoneGoodWithBest),
            (None, Some(_)) => return Err(BallotError::SecondWithoutBest),
            (None, None) if none_good => Choice::NoneGood,
            (None, None) => Choice::Blank,
            (Some(best), second) if Some(best) == second => {
                return Err(BallotError::SecondIsBest(best.into()));
            }
            (Some(best), second) => Choice::Best {
                best: lane(best).ok_or_else(|| BallotError::UnknownBest(best.into()))?,
                second: second
                    .map(|second| lane(second).ok_or_else(|| BallotError::UnknownSecond(second.into())))
                    .transpose()?,
            },
        };
        Ok(Self { race, voter, lanes, choice, longest: None })
    }

    /// Returns this ballot with the lane whose answer is the longest: `None` where that is unknown or several are.
    #[must_use]
    pub fn with_longest(self, contender: Option<&str>) -> Self {
        let longest = contender.and_then(|key| self.lanes.iter().position(|lane| **lane == *key));
        Self { longest, ..self }
    }

    /// The id of the race.
    #[must_use]
    pub fn race(&self) -> &str {
        &self.race
    }

    /// The pseudonym of the voter.
    #[must_use]
    pub fn voter(&self) -> &str {
        &self.voter
    }

    /// The contenders whose answers the voter saw.
    #[must_use]
    pub fn lanes(&self) -> &[Arc<str>] {
        &self.lanes
    }

    /// The decision.
    #[must_use]
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// The best contender.
    #[must_use]
    pub fn best(&self) -> Option<&str> {
        let Choice::Best { best, .. } = self.choice else { return None };
        Some(&self.lanes[best])
    }

    /// The best contender among the others.
    #[must_use]
    pub fn second(&self) -> Option<&str> {
        let Choice::Best { second, .. } = self.choice else { return None };
        Some(&self.lanes[second?])
    }

    /// Returns true if the voter found no answer good.
    #[must_use]
    pub fn is_none_good(&self) -> bool {
        self.choice == Choice::NoneGood
    }

    /// Returns true if the voter's best answer was the longest; `None` where there is no best or no single longest.
    #[must_use]
    pub fn is_longest_best(&self) -> Option<bool> {
        let Choice::Best { best, .. } = self.choice else { return None };
        Some(self.longest? == best)
    }
}

fn check_lanes(lanes: &[Arc<str>]) -> Result<(), BallotError> {
    if lanes.is_empty() {
        return Err(BallotError::NoLanes);
    }
    for (at, lane) in lanes.iter().enumerate() {
        if lane.is_empty() || lane.contains(char::is_whitespace) {
            return Err(BallotError::InvalidContender(lane.to_string()));
        }
        if lanes[..at].contains(lane) {
            return Err(BallotError::RepeatedLane(lane.to_string()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ballot(best: Option<&str>, second: Option<&str>, none_good: bool) -> Result<Ballot, BallotError> {
        let lanes: Vec<Arc<str>> = vec!["a".into(), "b".into(), "c".into()];
        Ballot::new("r", "v", lanes, (best, second), none_good)
    }

    #[test]
    fn a_ballot_names_lanes_of_its_race() {
        let voted = ballot(Some("b"), Some("c"), false).unwrap();
        assert_eq!((voted.best(), voted.second()), (Some("b"), Some("c")));
        assert_eq!(ballot(Some("a"), None, false).unwrap().second(), None);
        assert!(ballot(None, None, true).unwrap().is_none_good());
        assert_eq!(ballot(None, None, false).unwrap().choice(), Choice::Blank);
    }

    #[test]
    fn contradictions_are_refused() {
        for (best, second, none_good, error) in [
            (Some("x"), None, false, BallotError::UnknownBest("x".into())),
            (Some("a"), Some("x"), false, BallotError::UnknownSecond("x".into())),
            (Some("a"), Some("a"), false, BallotError::SecondIsBest("a".into())),
            (None, Some("a"), false, BallotError::SecondWithoutBest),
            (None, Some("a"), true, BallotError::SecondWithoutBest),
            (Some("a"), None, true, BallotError::NoneGoodWithBest),
        ] {
            assert_eq!(ballot(best, second, none_good), Err(error));
        }
        for (lanes, error) in [
            (vec![], BallotError::NoLanes),
            (vec!["a", "a"], BallotError::RepeatedLane("a".into())),
            (vec!["a b"], BallotError::InvalidContender("a b".into())),
            (vec![""], BallotError::InvalidContender(String::new())),
        ] {
            let lanes: Vec<Arc<str>> = lanes.into_iter().map(Arc::from).collect();
            assert_eq!(Ballot::new("r", "v", lanes, (None, None), true), Err(error));
        }
    }

    #[test]
    fn the_longest_answer_is_compared_with_the_best() {
        let voted = ballot(Some("b"), None, false).unwrap();
        assert_eq!(voted.is_longest_best(), None);
        assert_eq!(voted.clone().with_longest(Some("b")).is_longest_best(), Some(true));
        assert_eq!(voted.with_longest(Some("c")).is_longest_best(), Some(false));
        assert_eq!(ballot(None, None, true).unwrap().with_longest(Some("c")).is_longest_best(), None);
    }
}
