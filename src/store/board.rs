//! The votes of blind races, and the measurements of their lanes, for the team's board.

use std::{collections::HashMap, sync::Arc};

use super::{
    Store, StoreError,
    database::{Query, Row, Value},
    lanes,
};
use crate::{
    board::{Aside, Ballot},
    race::{
        cost::Cost,
        report::{LaneReport, Status},
    },
};

/// The days of a board without a limit.
const ALL_DAYS: u64 = 1_000_000;

/// The counted ballots of closed votes, the oldest first: of each voter the first 20 of a day, so that nobody decides the
/// board alone.
const BALLOTS: &str = "SELECT race, voter, best, second, none_good FROM
        (SELECT race, voter, best, second, none_good, at,
            ROW_NUMBER() OVER (PARTITION BY voter, at / 86400000 ORDER BY at, race) AS of_the_day
        FROM ballots WHERE counted = 1) AS counted
    WHERE of_the_day <= 20 AND race IN (SELECT id FROM races WHERE closed_at IS NOT NULL
        AND admitted_at > {now} - $1 * 86400000 AND (server = $2 OR $2 = ''))
    ORDER BY at, race, voter";
/// The lanes of closed votes, in columns for [`lanes::from_row`] and three more. Those without a label gave no answer.
const LANES: &str = "SELECT report, NULL AS answer, NULL AS reasoning, race, label,
        CASE WHEN contender = '' THEN model ELSE contender END
    FROM lanes WHERE race IN (SELECT id FROM races WHERE closed_at IS NOT NULL
        AND admitted_at > {now} - $1 * 86400000 AND (server = $2 OR $2 = ''))
    ORDER BY race, place";

/// The votes of closed blind races.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Votes {
    /// The counted ballots, the oldest first.
    pub ballots: Vec<Ballot>,
    /// The measurements of the contenders in these races.
    pub asides: HashMap<String, Aside>,
}

/// The lanes of one race that voters saw.
#[derive(Default)]
struct Seen {
    contenders: Vec<Arc<str>>,
    labels: Vec<String>,
    /// The lengths of the answers in tokens, without those of the reasoning.
    lengths: Vec<u64>,
}

impl Store {
    /// Returns the votes of the last `days` days, of one server or of all. Ballots that contradict their race are left out.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed; [`StoreError::Unreadable`] where a lane was stored in an unknown form.
    pub async fn votes(&self, days: Option<u32>, server: Option<&str>) -> Result<Votes, StoreError> {
        let values = || [Value::from(days.map_or(ALL_DAYS, u64::from)), server.unwrap_or_default().into()];
        let lanes = self.fetch(Query::new(LANES, values())).await?;
        let ballots = self.fetch(Query::new(BALLOTS, values())).await?;
        let (mut seen, mut measured) = (HashMap::<String, Seen>::new(), HashMap::<String, Vec<_>>::new());
        for row in &lanes {
            let (lane, contender) = (lanes::from_row(row)?, row.string(5));
            if let Some(label) = row.text(4) {
                let race = seen.entry(row.string(3)).or_default();
                race.contenders.push(contender.as_str().into());
                race.labels.push(label.to_owned());
                let thought = lane.metrics.reasoning_tokens.unwrap_or(0);
                race.lengths.push(lane.metrics.output_tokens.saturating_sub(thought));
            }
            measured.entry(contender).or_default().push(lane);
        }
        Ok(Votes {
            ballots: ballots.iter().filter_map(|row| ballot(row, seen.get(row.text(0)?)?)).collect(),
            asides: measured.into_iter().map(|(contender, lanes)| (contender, aside(&lanes))).collect(),
        })
    }
}

/// Returns the ballot in a row of [`BALLOTS`], with contenders in the place of labels.
fn ballot(row: &Row, seen: &Seen) -> Option<Ballot> {
    let contender = |column: usize| match row.text(column) {
        None => Some(None),
        Some(label) => {
            let at = seen.labels.iter().position(|other| other == label)?;
            Some(Some(&*seen.contenders[at]))
        }
    };
    let choice = (contender(2)?, contender(3)?);
    let ballot =
        Ballot::new(row.text(0)?, row.text(1)?, seen.contenders.clone(), choice, row.int(4) != 0).ok()?;
    let longest = seen.lengths.iter().max()?;
    let at: Vec<usize> = (0..seen.lengths.len()).filter(|&at| seen.lengths[at] == *longest).collect();
    Some(ballot.with_longest(if let [only] = at[..] { Some(&*seen.contenders[only]) } else { None }))
}

fn aside(lanes: &[LaneReport]) -> Aside {
    let mut speeds: Vec<f64> = lanes.iter().filter_map(LaneReport::own_speed).collect();
    speeds.sort_by(f64::total_cmp);
    let median_speed =
        (!speeds.is_empty()).then(|| f64::midpoint(speeds[(speeds.len() - 1) / 2], speeds[speeds.len() / 2]));
    // without the provider's count of the prompt's tokens the cost is unknown, for the prompt is not read here
    let counted = lanes.iter().filter(|lane| lane.metrics.prompt_tokens.is_some());
    let costs: Vec<u64> = counted.filter_map(|lane| Some(Cost::estimate(lane, "")?.0.micros())).collect();
    let mean = |n: u64| Cost::from_micros(costs.iter().sum::<u64>() / n);
    Aside {
        answers: lanes.len() as u64,
        failures: lanes.iter().filter(|lane| lane.status == Status::Failed).count() as u64,
        median_speed,
        cost: (!costs.is_empty()).then(|| mean(costs.len() as u64)),
    }
}
