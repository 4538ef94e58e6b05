//! The team board: the ballots of blind races become strengths, tiers and a verdict.
//!
//! Pure: it reads no clock and no file, its draws have a fixed seed, and the order of ballots and contenders changes
//! nothing. A board is about the team that voted, never about models in general.
//!
//! ```text
//! CSV, store -> Ballot -> fit          Plackett-Luce, normal prior, weight 1/sqrt(ballots of the race)
//!                          -> posterior  weighted draws: probability of being best, intervals, tiers
//!                              -> verdict    too early, too close, or a leader
//! Board -> json, words, chart::board
//! ```

mod ballot;
mod csv;
mod fit;
mod json;
mod posterior;
mod verdict;
pub mod words;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

pub use self::{
    ballot::{Ballot, BallotError, Choice},
    csv::{CsvError, MAX_BALLOTS, read, write},
    json::BoardJson,
    verdict::{MIN_BALLOTS, MIN_LEADER_VOTERS, MIN_RACES, MIN_VOTERS, Verdict},
};
use self::{
    fit::{PRIOR_SD, Posterior, Stage, count, softmax},
    posterior::{DRAWS, Draws},
};
use crate::race::cost::Cost;

/// The largest number of contenders on a board: the work grows with its square.
pub const MAX_CONTENDERS: usize = 64;

/// There are more than [`MAX_CONTENDERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} models are more than the {MAX_CONTENDERS} that a board can hold")]
pub struct TooManyContenders(pub usize);

/// The team's board.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// The numbers of ballots, voters and races.
    pub counts: Counts,
    /// The contenders, the strongest first.
    pub standings: Vec<Standing>,
    /// The conclusion.
    pub verdict: Verdict,
    /// The share of wins of the longest answers, where lengths are known.
    pub length: Option<LengthEffect>,
}

/// The numbers behind a board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ballots with a best model, and those that say that none is good.
    pub ballots: usize,
    /// Voters of these ballots.
    pub voters: usize,
    /// Races of these ballots.
    pub races: usize,
    /// Ballots that say that none is good.
    pub none_good: usize,
}

/// A contender on the board.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its key.
    pub contender: Arc<str>,
    /// Its name for people.
    pub name: String,
    /// Its strength minus the mean of all.
    pub theta: f64,
    /// The standard error of `theta`.
    pub standard_error: f64,
    /// The probability that it is the strongest.
    pub p_best: f64,
    /// The probability that it is picked best in a race of all contenders.
    pub pick_rate: f64,
    /// The lower end of the 95 % interval of `pick_rate`.
    pub pick_rate_low: f64,
    /// The upper end of the 95 % interval of `pick_rate`.
    pub pick_rate_high: f64,
    /// Its tier, from 1.
    pub tier: usize,
    /// Its measurements, which are never mixed with the votes.
    pub aside: Option<Aside>,
}

impl Standing {
    /// The id of its model: the key up to the hash of the settings.
    #[must_use]
    pub fn model(&self) -> &str {
        model_of(&self.contender)
    }
}

/// The measurements of a contender, shown beside the votes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Aside {
    /// Its answers, failed ones among them.
    pub answers: u64,
    /// Its failed answers.
    pub failures: u64,
    /// The median of its decode speeds, in tokens per second.
    pub median_speed: Option<f64>,
    /// The mean cost of an answer.
    pub cost: Option<Cost>,
}

/// The effect of an answer's length on the votes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LengthEffect {
    /// The share of ballots whose best answer was the longest.
    pub longest_won: f64,
    /// The share that chance would give.
    pub by_luck: f64,
}

impl Board {
    /// Rates the contenders of `ballots`. Of several ballots of one voter in one race the last one counts. A contender
    /// that was never picked is on the board too.
    ///
    /// # Errors
    /// [`TooManyContenders`].
    pub fn of(ballots: &[Ballot]) -> Result<Self, TooManyContenders> {
        Self::with_draws(ballots, DRAWS)
    }

    fn with_draws(ballots: &[Ballot], draws: usize) -> Result<Self, TooManyContenders> {
        let latest = latest(ballots);
        let contenders: BTreeSet<&Arc<str>> = latest.values().flat_map(|ballot| ballot.lanes()).collect();
        if contenders.len() > MAX_CONTENDERS {
            return Err(TooManyContenders(contenders.len()));
        }
        let contenders: Vec<&Arc<str>> = contenders.into_iter().collect();
        let ballots: Vec<&Ballot> =
            latest.into_values().filter(|ballot| ballot.choice() != Choice::Blank).collect();
        let (counts, standings) = (Counts::of(&ballots), standings(&contenders, &ballots, draws));
        let verdict = Verdict::of(&counts, &standings);
        Ok(Self { counts, standings, verdict, length: LengthEffect::of(&ballots) })
    }

    /// Returns this board with the names that `name` gives to contenders; without one, it is the id of the model.
    /// Contenders that would have equal names are told apart by the beginning of the hash of their settings.
    #[must_use]
    pub fn named(mut self, name: impl Fn(&str) -> Option<String>) -> Self {
        let plain = |contender: &str| name(contender).unwrap_or_else(|| model_of(contender).to_owned());
        let contenders: Vec<Arc<str>> = self.standings.iter().map(|one| Arc::clone(&one.contender)).collect();
        for (standing, name) in self.standings.iter_mut().zip(names(&contenders, plain)) {
            standing.name = name;
        }
        self
    }

    /// Returns this board with the measurements of contenders, by their keys.
    #[must_use]
    pub fn beside(mut self, asides: &HashMap<String, Aside>) -> Self {
        for standing in &mut self.standings {
            standing.aside = asides.get(&*standing.contender).copied();
        }
        self
    }

    /// The contender at the top, if the ballots are enough to name one.
    #[must_use]
    pub fn leader(&self) -> Option<&Standing> {
        self.standings.first().filter(|_| self.verdict == Verdict::Leader)
    }

    /// The share of ballots with a best model; `None` without ballots.
    #[must_use]
    pub fn satisfaction(&self) -> Option<f64> {
        let Counts { ballots, none_good, .. } = self.counts;
        (ballots > 0).then(|| count(ballots - none_good) / count(ballots))
    }
}

/// Returns the last ballot of each voter in each race, in an order that does not depend on that of `ballots`. A blank
/// ballot that comes last withdraws the ones before.
fn latest(ballots: &[Ballot]) -> BTreeMap<(&str, &str), &Ballot> {
    ballots.iter().map(|ballot| ((ballot.race(), ballot.voter()), ballot)).collect()
}

impl Counts {
    fn of(ballots: &[&Ballot]) -> Self {
        let distinct = |of: fn(&Ballot) -> &str| ballots.iter().map(|b| of(b)).collect::<BTreeSet<_>>().len();
        Self {
            ballots: ballots.len(),
            voters: distinct(Ballot::voter),
            races: distinct(Ballot::race),
            none_good: ballots.iter().filter(|ballot| ballot.is_none_good()).count(),
        }
    }
}

impl LengthEffect {
    fn of(ballots: &[&Ballot]) -> Option<Self> {
        let known: Vec<(bool, usize)> = ballots
            .iter()
            .filter_map(|ballot| Some((ballot.is_longest_best()?, ballot.lanes().len())))
            .collect();
        let won = known.iter().filter(|(won, _)| *won).count();
        let luck: f64 = known.iter().map(|(_, lanes)| 1.0 / count(*lanes)).sum();
        let n = count(known.len());
        (!known.is_empty()).then(|| Self { longest_won: count(won) / n, by_luck: luck / n })
    }
}

/// Returns the standings of `contenders`, the strongest first.
fn standings(contenders: &[&Arc<str>], ballots: &[&Ballot], draws: usize) -> Vec<Standing> {
    if contenders.is_empty() {
        return vec![];
    }
    let posterior = Posterior::new(contenders.len(), stages(contenders, ballots), PRIOR_SD);
    let fit = posterior.fit();
    let (theta, errors, rates) = (fit.centred(), fit.standard_errors(), softmax(&fit.mode));
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    order.sort_by(|&a, &b| theta[b].total_cmp(&theta[a]));
    let draws = Draws::of(&posterior, &fit, draws);
    let (p_best, tiers) = (draws.p_best(), draws.tiers(&order));
    let names = names(contenders, |contender| model_of(contender).to_owned());
    let standing = |(&i, tier): (&usize, usize)| {
        let [low, high] = draws.interval(i);
        Standing {
            contender: Arc::clone(contenders[i]),
            name: names[i].clone(),
            theta: theta[i],
            standard_error: errors[i],
            p_best: p_best[i],
            pick_rate: rates[i],
            pick_rate_low: low,
            pick_rate_high: high,
            tier,
            aside: None,
        }
    };
    order.iter().zip(tiers).map(standing).collect()
}

/// Returns the stages of all ballots with a choice. Ballots of one race are not independent: each weighs one over the
/// square root of their number.
fn stages(contenders: &[&Arc<str>], ballots: &[&Ballot]) -> Vec<Stage> {
    let mut in_race: HashMap<&str, usize> = HashMap::new();
    for ballot in ballots.iter().filter(|ballot| !ballot.is_none_good()) {
        *in_race.entry(ballot.race()).or_default() += 1;
    }
    let index: HashMap<&str, usize> = contenders.iter().enumerate().map(|(i, key)| (&***key, i)).collect();
    let mut stages = vec![];
    for ballot in ballots {
        let Choice::Best { best, second } = ballot.choice() else { continue };
        let weight = 1.0 / count(in_race[ballot.race()]).sqrt();
        let lanes: Vec<usize> = ballot.lanes().iter().map(|lane| index[&**lane]).collect();
        let mut candidates = lanes.clone();
        candidates.sort_unstable();
        let rest = candidates.iter().copied().filter(|&lane| lane != lanes[best]).collect();
        stages.push(Stage { winner: lanes[best], candidates, weight });
        if let Some(second) = second {
            stages.push(Stage { winner: lanes[second], candidates: rest, weight });
        }
    }
    stages
}

/// Returns the id of the model of a contender.
#[must_use]
pub fn model_of(contender: &str) -> &str {
    contender.split_once('@').map_or(contender, |(model, _)| model)
}

/// The characters of a hash that tell two contenders of one model apart.
const HASH_CHARS: usize = 4;

/// Returns the names of contenders, each different.
fn names<K: AsRef<str>>(contenders: &[K], plain: impl Fn(&str) -> String) -> Vec<String> {
    let plain: Vec<String> = contenders.iter().map(|key| plain(key.as_ref())).collect();
    let is_unique = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let name = |(key, name): (&K, &String)| match key.as_ref().split_once('@') {
        Some((_, hash)) if !is_unique(name) => {
            format!("{name} @{}", hash.chars().take(HASH_CHARS).collect::<String>())
        }
        _ => name.clone(),
    };
    contenders.iter().zip(&plain).map(name).collect()
}

#[cfg(test)]
mod tests;
