//! The card of the board or of the history of speeds.

use std::mem;

use serde::Serialize;

use super::{ChartDto, Line, Plain, ReplyCard};
use crate::arena::{Overview, OverviewRow, OverviewTable};

#[derive(Serialize)]
pub(in crate::web) struct OverviewDto<'a> {
    title: &'static str,
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
    /// The card of `overview`, whose picture is at `url`.
    pub(in crate::web) fn overview(overview: &'a Overview, url: &str) -> Self {
        let lines = |texts: &'a [String]| texts.iter().map(|text| Line(text)).collect();
        let sentence =
            |(name, words): &'a (String, String)| SentenceDto { name: Line(name), words: Line(words) };
        Self::Overview(OverviewDto {
            title: overview.title,
            lead: lines(&overview.lead),
            models: overview.models.iter().map(sentence).collect(),
            table: overview.table.as_ref().map(table),
            notes: lines(&overview.notes),
            chart: overview
                .chart
                .as_ref()
                .map(|chart| ChartDto { url: url.to_owned(), alt: Plain(&chart.alt) }),
        })
    }
}

fn table<'a>(table: &'a OverviewTable) -> TableDto<'a> {
    let mut tier = 1;
    let row = |row: &'a OverviewRow| {
        let begins_tier = row.tier != mem::replace(&mut tier, row.tier);
        RowDto { cells: row.cells.iter().map(|cell| Line(&cell.text)).collect(), begins_tier }
    };
    TableDto { headings: &table.headings, rows: table.rows.iter().map(row).collect() }
}
