//! The team's board and the history of speeds, as every platform shows them: sentences, a table, a picture.
//!
//! ```text
//! Store::votes   -> Board::of    -> words, chart -> Overview    of the races of one server
//! Store::samples -> Summary::all -> words, chart -> Overview    of all races here
//! ```

use std::{sync::Arc, time::Duration};

use futures::future::try_join_all;
use tokio::time::timeout;

use super::{Admitted, Arena, ContenderNames, LookupError};
use crate::{
    board::{Board, Standing, Verdict, words},
    chart::{self, ChartError, HistoryOptions},
    history::{Calendar, Incident, Quartiles, Series, Summary, WINDOW_DAYS, first_day, usual_words},
    model::{ModelCard, ModelId},
    race::usual::UsualSpeed,
    store::{self, CANARY, Store, StoreError, Votes},
    surface::Chart,
};

pub use crate::board::words::Cell as OverviewCell;

/// The days of a history unless its asker names others.
pub(super) const DEFAULT_DAYS: u32 = 90;
/// The columns of a table in a chat message: as many as a phone shows of a fixed-width font.
const TABLE_COLUMNS: usize = 34;
/// The time that the store gets for the usual speeds of a race.
const USUAL_TIMEOUT: Duration = Duration::from_millis(300);
const NO_SAMPLES: &str = "A finished race gives a sample for each model with at least 64 output tokens.";

/// The subject of an overview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverviewKind {
    /// The board of the server.
    Board {
        /// The last days that count; all if `None`.
        days: Option<u32>,
    },
    /// The history of speeds.
    History {
        /// The model; all if `None`.
        model: Option<ModelId>,
        /// The number of days.
        days: Option<u32>,
    },
}

/// A board or a history: plain text without markup, and a picture.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// An emoji.
    pub icon: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The sentences at its head.
    pub lead: Vec<String>,
    /// The names of models, each with a sentence.
    pub models: Vec<(String, String)>,
    /// The verdict on a board: `too_early`, `too_close` or `leader`.
    pub verdict: Option<&'static str>,
    /// The numbers of ballots, voters and races that there are and must be, where it is too early for a board.
    pub progress: Vec<(usize, usize, &'static str)>,
    /// The models in a table.
    pub table: Option<OverviewTable>,
    /// The sentences at its end.
    pub notes: Vec<String>,
    /// The picture.
    pub chart: Option<Chart>,
    /// The name of the picture's file.
    pub chart_file: &'static str,
}

/// A table of models.
#[derive(Clone, Debug, Default)]
pub struct OverviewTable {
    /// Its lines in a fixed-width font.
    pub lines: Vec<String>,
    /// The headings of its columns.
    pub headings: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<OverviewRow>,
}

/// A model in a table.
#[derive(Clone, Debug, Default)]
pub struct OverviewRow {
    /// Its cells.
    pub cells: Vec<OverviewCell>,
    /// Its tier, from 1.
    pub tier: usize,
    /// The id of its model.
    pub model: String,
    /// Its pick rate, from 0 to 1.
    pub rate: f64,
    /// The 95 % interval of `rate`.
    pub interval: [f64; 2],
}

impl Arena {
    /// Returns the overview of `kind` for the users of `server`.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn overview(&self, kind: &OverviewKind, server: &str) -> Result<Overview, LookupError> {
        let store = self.store.as_ref().ok_or(LookupError::Unavailable)?;
        let cards = self.cards.clone();
        match kind {
            OverviewKind::Board { days } => {
                let days = *days;
                let votes = store.promptly(store.votes(days, Some(server))).await.map_err(|e| failed(&e))?;
                let names = self.contender_names();
                self.computed(move || board(&votes, &cards, &names, days)).await
            }
            OverviewKind::History { model, days } => {
                let (model, days) = (model.clone(), days.unwrap_or(DEFAULT_DAYS));
                let all = series(store, &cards, days).await.map_err(|error| failed(&error))?;
                let incidents =
                    store.promptly(store.incidents_of(days)).await.map_err(|error| failed(&error))?;
                self.computed(move || history(&all, &incidents, &cards, model.as_ref(), days)).await
            }
        }
    }

    /// Returns the usual speeds of the models of `race`, which are read while it begins: none where the store does not answer
    /// soon.
    pub(super) async fn usual_speeds(&self, race: &Admitted) -> Vec<Option<UsualSpeed>> {
        let Some(store) = &self.store else { return vec![] };
        let usual = |quartiles: Quartiles| UsualSpeed {
            races: quartiles.count,
            lower: quartiles.lower,
            median: quartiles.median,
            words: usual_words(&quartiles),
        };
        let read = race.contenders().into_iter().map(|contender| async move {
            store.promptly(store.usual(contender.as_str())).await.map(|found| found.map(usual))
        });
        match timeout(USUAL_TIMEOUT, try_join_all(read)).await {
            Ok(Ok(usual)) => usual,
            Ok(Err(error)) => {
                tracing::debug!(error = error.chain(), "failed to read the usual speeds");
                vec![]
            }
            Err(_) => vec![],
        }
    }

    /// Runs `work`, which takes some milliseconds of a whole core, when it is its turn.
    pub(super) async fn computed<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LookupError> {
        let _turn = self.charts.acquire().await.map_err(|_| LookupError::Unavailable)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "the task of an overview panicked");
            LookupError::Unavailable
        })
    }
}

pub(super) fn failed(error: &StoreError) -> LookupError {
    tracing::warn!(error = error.chain(), "failed to read an overview");
    LookupError::Unavailable
}

/// Returns the picture, if it could be drawn.
pub(super) fn drawn(chart: Result<Chart, ChartError>) -> Option<Chart> {
    chart.inspect_err(|error| tracing::warn!(%error, "failed to draw the picture of an overview")).ok()
}

/// Returns the board of `votes`, without a picture where it is too early for one.
fn board(votes: &Votes, cards: &[Arc<ModelCard>], names: &ContenderNames, days: Option<u32>) -> Overview {
    let overview =
        Overview { icon: "🏆", title: "Team board", chart_file: "board.png", ..Overview::default() };
    let board = match Board::of(&votes.ballots) {
        Ok(board) => board.beside(&votes.asides).named(|contender| names.name(contender)),
        Err(error) => {
            let hint = "Ask for fewer days, such as /arena board 30.".to_owned();
            return Overview { lead: vec![format!("There is no board: {error}."), hint], ..overview };
        }
    };
    let period = days.map(|days| format!(" in the last {}", in_days(days))).unwrap_or_default();
    let overview = Overview { verdict: Some(board.verdict.as_str()), ..overview };
    let lead = vec![format!("{}.", words::verdict(&board)), format!("{}{period}.", words::counts(&board))];
    if board.verdict == Verdict::TooEarly {
        let hint = "Ballots come from blind races: start one with /arena blind.".to_owned();
        let progress = words::progress(&board.counts).to_vec();
        return Overview { lead, progress, notes: vec![hint], ..overview };
    }
    let cards: Vec<ModelCard> = cards.iter().map(|card| ModelCard::clone(card)).collect();
    Overview {
        lead,
        table: Some(table(&board)),
        notes: words::notes(&board).iter().map(|note| format!("{note}.")).collect(),
        chart: drawn(chart::board_png(&board, &cards)),
        ..overview
    }
}

fn table(board: &Board) -> OverviewTable {
    let (headings, cells) = words::cells(board);
    let row = |(cells, standing): (Vec<OverviewCell>, &Standing)| OverviewRow {
        cells,
        tier: standing.tier,
        model: standing.model().to_owned(),
        rate: standing.pick_rate,
        interval: [standing.pick_rate_low, standing.pick_rate_high],
    };
    let rows = cells.into_iter().zip(&board.standings).map(row).collect();
    OverviewTable { lines: words::table(board, TABLE_COLUMNS), headings, rows }
}

/// Reads the series of the last `days` and of the window before them. The newest of each model has the name of its card.
pub(super) async fn series(
    store: &Store,
    cards: &[Arc<ModelCard>],
    days: u32,
) -> Result<Vec<Series>, StoreError> {
    let window = u32::try_from(WINDOW_DAYS).unwrap_or(0);
    let stored = store.promptly(store.overview_samples(days.saturating_add(window))).await?;
    let mut all = store::series(&stored);
    for series in &mut all {
        series.name = match series.name.strip_suffix(CANARY) {
            Some(id) => name(cards, id).map(|name| name + CANARY),
            None => name(cards, &series.name),
        }
        .unwrap_or_else(|| series.name.clone());
    }
    Ok(all)
}

/// Returns the history of a model, or of all in the line-up with the picture of the one that lost most of its speed.
fn history(
    all: &[Series],
    incidents: &[Incident],
    cards: &[Arc<ModelCard>],
    model: Option<&ModelId>,
    days: u32,
) -> Overview {
    let wanted = |card: &&Arc<ModelCard>| model.is_none_or(|model| card.id == *model);
    let shown: Vec<&str> = cards.iter().filter(wanted).map(|card| card.name.as_str()).collect();
    let mut summaries = Summary::all(all, first_day(all, Some(days)));
    let place = |summary: &Summary<'_>| {
        let name = summary.series.name.strip_suffix(CANARY).unwrap_or(&summary.series.name);
        shown.iter().position(|shown| *shown == name)
    };
    summaries.retain(|summary| place(summary).is_some());
    summaries.sort_by_key(place);
    for summary in &mut summaries {
        summary.record(incidents);
    }
    let is_measured = |name: &&str| {
        summaries
            .iter()
            .any(|summary| summary.series.name.strip_suffix(CANARY).unwrap_or(&summary.series.name) == *name)
    };
    let missing: Vec<&str> = shown.iter().filter(|name| !is_measured(name)).copied().collect();
    let charted = Summary::worst(&summaries);
    let is_shown = |incident: &&Incident| summaries.iter().any(|summary| summary.recorded.contains(incident));
    let mut notes = incident_notes(incidents.iter().filter(is_shown), cards);
    if let Some(charted) = charted.filter(|_| summaries.len() > 1) {
        notes.push(format!(
            "The picture shows {}. For another model: /arena history MODEL.",
            charted.series.name
        ));
    }
    if !missing.is_empty() {
        notes.push(format!("No samples yet: {}. {NO_SAMPLES}", missing.join(", ")));
    }
    let options = HistoryOptions { calendar: Calendar::Dates, days: Some(days), is_light: false };
    let sentence = |summary: &Summary<'_>| {
        let words = summary.words(Calendar::Dates);
        (summary.series.name.clone(), format!("{}.", words.trim_end_matches('.')))
    };
    Overview {
        icon: "📈",
        title: "Speed history",
        lead: vec![format!("Speeds in races here, in the last {}.", in_days(days))],
        models: summaries.iter().map(sentence).collect(),
        notes,
        chart: charted.and_then(|summary| drawn(chart::history(summary, options))),
        chart_file: "history.png",
        ..Overview::default()
    }
}

/// Returns a sentence for each incident that people see as open.
fn incident_notes<'a>(
    incidents: impl Iterator<Item = &'a Incident>,
    cards: &[Arc<ModelCard>],
) -> Vec<String> {
    let title = |incident: &Incident| incident.title(|id| name(cards, id).unwrap_or_else(|| id.to_owned()));
    let open = incidents.filter(|incident| !incident.is_over());
    open.map(|incident| format!("Incident: {}.", title(incident))).collect()
}

pub(super) fn name(cards: &[Arc<ModelCard>], id: &str) -> Option<String> {
    cards.iter().find(|card| card.id.as_str() == id).map(|card| card.name.clone())
}

fn in_days(days: u32) -> String {
    if days == 1 { "day".into() } else { format!("{days} days") }
}

/// The board of a team with and without enough ballots, and a history of several models, for tests of the messages.
#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::{
        board,
        history::{DAY_MS, Sample},
    };

    const BALLOTS: &str = include_str!("../../tests/fixtures/board/team_ballots.csv");

    /// Returns the board of the first `ballots` of a team.
    pub(crate) fn board(ballots: usize, days: Option<u32>) -> Overview {
        super::board(&votes(ballots), &[], &ContenderNames::default(), days)
    }

    /// Returns the votes of a team, and its series of speeds.
    pub(crate) fn votes_and_series(cards: &[Arc<ModelCard>]) -> (Votes, Vec<Series>) {
        (votes(usize::MAX - 1), series(cards))
    }

    fn votes(ballots: usize) -> Votes {
        let lines: String = BALLOTS.split_inclusive('\n').take(ballots + 1).collect();
        Votes { ballots: board::read(lines.as_bytes()).expect("ballots"), ..Votes::default() }
    }

    /// Returns the history of the models in `cards`; the first one became slower, the last one has no samples.
    pub(crate) fn history(cards: &[Arc<ModelCard>], model: Option<&ModelId>) -> Overview {
        super::history(&series(cards), &[], cards, model, DEFAULT_DAYS)
    }

    fn series(cards: &[Arc<ModelCard>]) -> Vec<Series> {
        let speed = |at: usize, n: i64| {
            let base = if at == 0 && n >= 160 { 150.0 } else { 214.0 };
            base - 20.0 * f64::from(u32::try_from(at).unwrap_or(0))
                + f64::from(i32::try_from(n % 7).unwrap_or(0))
        };
        let series = |(at, card): (usize, &Arc<ModelCard>)| {
            let sample = |n: i64| Sample { at_ms: (20_741 * 4 + n) * DAY_MS / 4 + 1, value: speed(at, n) };
            Series { name: card.name.clone(), origin: None, samples: (0..208).map(sample).collect() }
        };
        let measured = cards.len().saturating_sub(1);
        cards.iter().take(measured).enumerate().map(series).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{samples, *};
    use crate::view::tests::line_up;

    #[test]
    fn a_board_is_a_table_and_few_ballots_are_counts_alone() {
        let early = samples::board(9, None);
        assert_eq!(
            early.lead,
            ["Too early: 9 of 20 ballots, 3 of 8 races.", "9 ballots by 5 voters in 3 races."]
        );
        assert!(early.table.is_none() && early.chart.is_none());
        let board = samples::board(usize::MAX - 1, Some(30));
        assert!(board.lead[0].ends_with("for this team."), "{:?}", board.lead);
        assert!(board.lead[1].ends_with("in the last 30 days."), "{:?}", board.lead);
        let table = board.table.expect("a table");
        assert!(table.lines.iter().all(|line| line.chars().count() <= TABLE_COLUMNS), "{:?}", table.lines);
        assert_eq!((table.rows.len(), table.headings.len()), (5, table.rows[0].cells.len()));
        assert!(board.chart.expect("a picture").alt.contains("for this team"));
    }

    #[test]
    fn a_history_names_the_models_of_the_line_up_in_its_order() {
        let cards = line_up();
        let all = samples::history(&cards, None);
        let names: Vec<&str> = all.models.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, cards[..4].iter().map(|card| card.name.as_str()).collect::<Vec<_>>());
        assert!(all.models[0].1.starts_with("217 → 153 tok/s (−29 %) since Tue 24 Nov;"), "{:?}", all.models);
        assert!(all.models[1].1.starts_with("steady, usual here: "), "{:?}", all.models);
        assert!(
            all.notes[0].starts_with(&format!("The picture shows {}.", cards[0].name)),
            "{:?}",
            all.notes
        );
        assert!(all.notes[1].starts_with(&format!("No samples yet: {}.", cards[4].name)), "{:?}", all.notes);
        let one = samples::history(&cards, Some(&cards[1].id));
        assert_eq!((one.models.len(), one.notes.len()), (1, 0));
        let none = samples::history(&cards, Some(&cards[4].id));
        assert!(none.models.is_empty() && none.chart.is_none(), "{none:?}");
    }
}
