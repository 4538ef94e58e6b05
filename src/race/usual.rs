//! The usual speeds of the models of a race, with which its result is compared.

use super::report::{LaneReport, Report, Status};

/// The fewest races behind a usual speed.
const MIN_RACES: usize = 5;
/// A lane below this share of its usual speed was slow.
const SLOW: f64 = 0.85;

/// The usual speed of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct UsualSpeed {
    /// The number of races.
    pub races: usize,
    /// The first quartile, in tokens per second.
    pub lower: f64,
    /// The median, in tokens per second.
    pub median: f64,
    /// In words: "usual here: 96 tok/s (88 to 104, 41 races)".
    pub words: String,
}

impl UsualSpeed {
    /// Returns a lane's share of the usual speed if it is unusually low.
    fn slowness(&self, lane: &LaneReport) -> Option<f64> {
        let speed = lane.own_speed()?;
        let share = speed / self.median;
        (speed < self.lower && share < SLOW).then_some(share)
    }
}

/// Returns a sentence about the lane that was slowest for its model, or about the winner; `usual` is in the order of the
/// lanes.
#[must_use]
pub fn line(report: &Report, usual: &[Option<UsualSpeed>]) -> Option<String> {
    let known = |at: usize| {
        let (lane, usual) = (report.lanes.get(at)?, usual.get(at)?.as_ref()?);
        let is_whole = matches!(lane.status, Status::Finished(_)) && lane.own_speed().is_some();
        (is_whole && usual.races >= MIN_RACES).then_some((lane, usual))
    };
    let slow = (0..report.lanes.len()).filter_map(known).filter_map(|(lane, usual)| {
        let share = usual.slowness(lane)?;
        Some((share, format!("{} was slower than {}.", lane.card.name, usual.words)))
    });
    if let Some((_, sentence)) = slow.min_by(|a, b| a.0.total_cmp(&b.0)) {
        return Some(sentence);
    }
    let (winner, usual) = known(*report.order().first()?)?;
    Some(format!("{}, {}.", winner.card.name, usual.words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::finished;

    fn usual(median: f64, races: usize) -> UsualSpeed {
        let words = format!("usual here: {median} tok/s");
        UsualSpeed { races, lower: median * 0.9, median, words }
    }

    #[test]
    fn the_slowest_for_its_model_comes_before_the_winner() {
        let report = finished().record().report;
        let [winner, second, ..] = report.order()[..] else { panic!("five lanes") };
        let speed = |lane: usize| report.lanes[lane].own_speed().expect("a speed");
        let name = |lane: usize| &report.lanes[lane].card.name;
        let mut all = vec![None; report.lanes.len()];
        assert_eq!(line(&report, &all), None);
        assert_eq!(line(&report, &[]), None);
        all[winner] = Some(usual(speed(winner), 4));
        assert_eq!(line(&report, &all), None, "too few races");
        all[winner] = Some(usual(speed(winner), 5));
        let sentence = line(&report, &all).expect("a sentence");
        assert!(sentence.starts_with(&format!("{}, usual here: ", name(winner))), "{sentence}");
        all[second] = Some(usual(speed(second) * 2.0, 41));
        let sentence = line(&report, &all).expect("a sentence");
        assert!(
            sentence.starts_with(&format!("{} was slower than usual here: ", name(second))),
            "{sentence}"
        );
        all[second] = Some(usual(speed(second) * 1.1, 41));
        assert!(
            line(&report, &all).is_some_and(|line| line.starts_with(name(winner).as_str())),
            "not far below"
        );
    }
}
