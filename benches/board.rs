//! The honesty of the team board: how often its intervals hold the truth, and how often it names a wrong leader.
//!
//! Every simulated team has 5 models, 6 voters and 20 races. A voter's utility of an answer is the model's strength, the
//! voter's lasting taste for the model, the answer's luck, which all voters of the race share, and noise. The truth is the
//! team's own mean preference: strength plus mean taste. `ARENA_SEED` and `ARENA_TEAMS` change the seed and the number of
//! teams.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time and takes its seed from the environment"
)]

use std::{
    env,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use llm_arena::board::{Ballot, Board, Verdict};

const SEED: u64 = 20_261_129;
const TEAMS: u64 = 1_000;
const MODELS: [&str; 5] = ["a", "b", "c", "d", "e"];
const RACES: usize = 20;
const VOTERS: usize = 6;
const STRENGTH_SD: f64 = 0.6;
const TASTE_SD: f64 = 0.6;
const LUCK_SD: f64 = 0.7;
/// The normal quantile of a 95 % interval.
const Z: f64 = 1.959_964;

/// The counts over many teams.
#[derive(Clone, Copy, Default)]
struct Tally {
    teams: u64,
    covered: u64,
    rates_covered: u64,
    intervals: u64,
    named: u64,
    wrong: u64,
    top_is_right: u64,
    fitting: Duration,
}

fn main() {
    let number = |name, default| env::var(name).ok().map_or(default, |text| text.parse().expect("a number"));
    let (seed, teams) = (number("ARENA_SEED", SEED), number("ARENA_TEAMS", TEAMS));
    println!("{teams} teams, 5 models, {RACES} races x {VOTERS} voters, ARENA_SEED={seed}\n");
    println!(
        "| ballots | strength in its interval | pick rate in its interval | leader named | named wrongly | top right | a fit |"
    );
    println!("|---|---|---|---|---|---|---|");
    let all = [("best and second", true), ("best only", false)].map(|(name, with_second)| {
        let tally = study(seed, teams, with_second);
        row(name, &tally);
        tally
    });
    println!("| target | >= 93 % | | | <= 5 % | | |");
    println!("\none board of 2,000 ballots:");
    for (name, lanes) in [("12 models in each race", 12), ("5 of 12 models in each race", 5)] {
        println!("  {name}: {:.0} ms", large(lanes).as_secs_f64() * 1e3);
    }
    let is_honest = |tally: &Tally| {
        share(tally.covered, tally.intervals) >= 0.93 && share(tally.wrong, tally.named) <= 0.05
    };
    assert!(all.iter().all(is_honest), "a target is missed");
}

fn row(name: &str, tally: &Tally) {
    let percent = |part, whole| format!("{:.1} %", 100.0 * share(part, whole));
    println!(
        "| {name} | {} | {} | {} | {} of {} ({}) | {} | {:.1} ms |",
        percent(tally.covered, tally.intervals),
        percent(tally.rates_covered, tally.intervals),
        percent(tally.named, tally.teams),
        tally.wrong,
        tally.named,
        percent(tally.wrong, tally.named),
        percent(tally.top_is_right, tally.teams),
        tally.fitting.as_secs_f64() * 1e3 / number(tally.teams),
    );
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn number(count: u64) -> f64 {
    count as f64
}

fn share(part: u64, whole: u64) -> f64 {
    number(part) / number(whole.max(1))
}

/// Simulates teams, each from a seed of its own, on all cores.
fn study(seed: u64, teams: u64, with_second: bool) -> Tally {
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let parts: Vec<Tally> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    for team in (first..teams).step_by(usize::try_from(threads).expect("few threads")) {
                        judge(seed.wrapping_add(team), with_second, &mut tally);
                    }
                    tally
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    parts.into_iter().fold(Tally::default(), |a, b| Tally {
        teams: a.teams + b.teams,
        covered: a.covered + b.covered,
        rates_covered: a.rates_covered + b.rates_covered,
        intervals: a.intervals + b.intervals,
        named: a.named + b.named,
        wrong: a.wrong + b.wrong,
        top_is_right: a.top_is_right + b.top_is_right,
        fitting: a.fitting + b.fitting,
    })
}

/// Simulates one team and judges its board against its own mean preference.
fn judge(seed: u64, with_second: bool, tally: &mut Tally) {
    let mut rng = Rng::with_seed(seed);
    let strengths = MODELS.map(|_| STRENGTH_SD * normal(&mut rng));
    let tastes = [(); VOTERS].map(|()| MODELS.map(|_| TASTE_SD * normal(&mut rng)));
    let ballots = vote(&strengths, &tastes, with_second, &mut rng);
    let truth: Vec<f64> = (0..MODELS.len())
        .map(|m| strengths[m] + tastes.iter().map(|taste| taste[m]).sum::<f64>() / number(VOTERS as u64))
        .collect();
    let mean = truth.iter().sum::<f64>() / number(truth.len() as u64);
    let total: f64 = truth.iter().map(|theta| theta.exp()).sum();
    let best = (0..truth.len()).max_by(|&a, &b| truth[a].total_cmp(&truth[b])).expect("models");
    let start = Instant::now();
    let board = Board::of(&ballots).expect("few models");
    tally.fitting += start.elapsed();
    tally.teams += 1;
    for standing in &board.standings {
        let at = MODELS.iter().position(|model| **model == *standing.contender).expect("a model");
        let is_covered = (standing.theta - (truth[at] - mean)).abs() <= Z * standing.standard_error;
        let rate = truth[at].exp() / total;
        tally.intervals += 1;
        tally.covered += u64::from(is_covered);
        tally.rates_covered += u64::from((standing.pick_rate_low..=standing.pick_rate_high).contains(&rate));
    }
    let is_right = *board.standings[0].contender == *MODELS[best];
    let is_named = board.verdict == Verdict::Leader;
    tally.top_is_right += u64::from(is_right);
    tally.named += u64::from(is_named);
    tally.wrong += u64::from(is_named && !is_right);
}

fn vote(strengths: &[f64; 5], tastes: &[[f64; 5]; VOTERS], with_second: bool, rng: &mut Rng) -> Vec<Ballot> {
    let mut ballots = vec![];
    for race in 0..RACES {
        let luck = MODELS.map(|_| LUCK_SD * normal(rng));
        for (voter, taste) in tastes.iter().enumerate() {
            let utility: [f64; 5] = std::array::from_fn(|m| strengths[m] + taste[m] + luck[m] + gumbel(rng));
            let mut order: Vec<usize> = (0..MODELS.len()).collect();
            order.sort_by(|&a, &b| utility[b].total_cmp(&utility[a]));
            let second = with_second.then(|| MODELS[order[1]]);
            ballots.push(ballot(race, voter, &MODELS, (Some(MODELS[order[0]]), second)));
        }
    }
    ballots
}

fn ballot(race: usize, voter: usize, lanes: &[&str], choice: (Option<&str>, Option<&str>)) -> Ballot {
    let lanes: Vec<Arc<str>> = lanes.iter().map(|lane| Arc::from(*lane)).collect();
    Ballot::new(race.to_string(), voter.to_string(), lanes, choice, false).expect("a valid ballot")
}

/// Returns the time of a board of 2,000 ballots with `lanes` of twelve models in each race.
fn large(lanes: usize) -> Duration {
    let mut rng = Rng::with_seed(SEED);
    let names: Vec<String> = (0..12).map(|i| format!("model-{i}")).collect();
    let mut ballots = vec![];
    for race in 0..334 {
        let mut models: Vec<&str> = names.iter().map(String::as_str).collect();
        rng.shuffle(&mut models);
        models.truncate(lanes);
        for voter in 0..6 {
            let best = rng.usize(0..lanes);
            let second = (best + 1 + rng.usize(0..lanes - 1)) % lanes;
            ballots.push(ballot(race, voter, &models, (Some(models[best]), Some(models[second]))));
        }
    }
    ballots.truncate(2_000);
    let start = Instant::now();
    let board = Board::of(&ballots).expect("few models");
    assert_eq!(board.standings.len(), 12);
    start.elapsed()
}

fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}

fn gumbel(rng: &mut Rng) -> f64 {
    -(-(1.0 - rng.f64()).ln()).max(f64::MIN_POSITIVE).ln()
}
