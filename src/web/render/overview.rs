//! The card of the board or of the history of speeds, and the page of the board.

use std::{mem, sync::Arc};

use serde::Serialize;

use super::{ChartDto, Line, ModelDto, Plain, ReplyCard};
use crate::{
    arena::{Overview, OverviewRow, OverviewTable},
    model::ModelCard,
};

#[derive(Serialize)]
pub(in crate::web) struct OverviewDto<'a> {
    title: &'static str,
    /// The address of its page.
    page: String,
    lead: Vec<Line<'a>>,
    models: Vec<SentenceDto<'a>>,
    table: Option<TableDto<'a>>,
    notes: Vec<Line<'a>>,
    chart: Option<ChartDto<'a>>,
}

/// A model with a sentence.
#[derive(Serialize)]
struct SentenceDto<'a> {
    name: Line<'a>,
    words: Line<'a>,
}

#[derive(Serialize)]
struct TableDto<'a> {
    headings: &'a [&'static str],
    rows: Vec<RowDto<'a>>,
}

#[derive(Serialize)]
struct RowDto<'a> {
    cells: Vec<Line<'a>>,
    /// The first model of a tier below the first.
    begins_tier: bool,
}

impl<'a> ReplyCard<'a> {
    /// The card of `overview`, whose page and picture are at these addresses.
    pub(in crate::web) fn overview(overview: &'a Overview, page: &str, picture: &str) -> Self {
        let sentence =
            |(name, words): &'a (String, String)| SentenceDto { name: Line(name), words: Line(words) };
        Self::Overview(OverviewDto {
            title: overview.title,
            page: page.to_owned(),
            lead: lines(&overview.lead),
            models: overview.models.iter().map(sentence).collect(),
            table: overview.table.as_ref().map(table),
            notes: lines(&overview.notes),
            chart: chart(overview, picture.to_owned()),
        })
    }
}

fn lines(texts: &[String]) -> Vec<Line<'_>> {
    texts.iter().map(|text| Line(text)).collect()
}

fn chart(overview: &Overview, url: String) -> Option<ChartDto<'_>> {
    overview.chart.as_ref().map(|chart| ChartDto { url, alt: Plain(&chart.alt) })
}

fn table<'a>(table: &'a OverviewTable) -> TableDto<'a> {
    let mut tier = 1;
    let row = |row: &'a OverviewRow| {
        let begins_tier = row.tier != mem::replace(&mut tier, row.tier);
        RowDto { cells: cells(row), begins_tier }
    };
    TableDto { headings: &table.headings, rows: table.rows.iter().map(row).collect() }
}

fn cells(row: &OverviewRow) -> Vec<Line<'_>> {
    row.cells.iter().map(|cell| Line(&cell.text)).collect()
}

/// The data of the page of the board.
#[derive(Serialize)]
pub(in crate::web) struct BoardDto<'a> {
    title: &'static str,
    /// `too_early`, `too_close` or `leader`; null where there is no board.
    verdict: Option<&'static str>,
    lead: Vec<Line<'a>>,
    /// The goals of the team, where it is too early for a board.
    progress: Vec<ProgressDto>,
    headings: &'a [&'static str],
    /// The models, the strongest first.
    standings: Vec<StandingDto<'a>>,
    notes: Vec<Line<'a>>,
    chart: Option<ChartDto<'a>>,
}

#[derive(Serialize)]
struct ProgressDto {
    have: usize,
    need: usize,
    what: &'static str,
}

#[derive(Serialize)]
struct StandingDto<'a> {
    /// The model if it is in the line-up.
    model: Option<ModelDto<'a>>,
    tier: usize,
    pick_rate: f64,
    pick_rate_low: f64,
    pick_rate_high: f64,
    cells: Vec<Line<'a>>,
}

impl<'a> BoardDto<'a> {
    /// The data of `overview`, whose picture is at this address.
    pub(in crate::web) fn new(overview: &'a Overview, cards: &'a [Arc<ModelCard>], picture: String) -> Self {
        let progress = |&(have, need, what): &(usize, usize, &'static str)| ProgressDto { have, need, what };
        let standing = |row: &'a OverviewRow| StandingDto {
            model: cards.iter().find(|card| card.id.as_str() == row.model).map(|card| ModelDto::of(card)),
            tier: row.tier,
            pick_rate: row.rate,
            pick_rate_low: row.interval[0],
            pick_rate_high: row.interval[1],
            cells: cells(row),
        };
        let table = overview.table.as_ref();
        Self {
            title: overview.title,
            verdict: overview.verdict,
            lead: lines(&overview.lead),
            progress: overview.progress.iter().map(progress).collect(),
            headings: table.map_or(&[], |table| &table.headings),
            standings: table.map(|table| table.rows.iter().map(standing).collect()).unwrap_or_default(),
            notes: lines(&overview.notes),
            chart: chart(overview, picture),
        }
    }
}
