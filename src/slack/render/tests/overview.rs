//! The board, the history and the canaries.

use proptest::prelude::*;

use super::{
    ALL, blocks, check,
    laws::hostile,
    preview::page,
    samples::{canaries, line_up},
    shown::NONE,
};
use crate::{
    arena::{Overview, OverviewCell, OverviewRow, OverviewTable, samples},
    slack::render::{overview, watch},
};

#[test]
fn the_board_and_the_history_can_be_looked_at() {
    let boards = [samples::board(9, None), samples::board(usize::MAX - 1, Some(30))];
    let history = samples::history(&line_up(), None);
    let bodies =
        |extras| boards.iter().chain([&history]).map(|shown| overview(shown, extras)).collect::<Vec<_>>();
    for (name, extras, table) in
        [("overviews", ALL, "<th>picked"), ("overviews-plain", NONE, "<pre># model ")]
    {
        let page = page(name, &bodies(extras));
        for words in ["Too early", "for this team", "217 → 153 tok/s", table] {
            assert!(page.contains(words), "{words} in {page}");
        }
    }
}

#[test]
fn canaries_can_be_looked_at() {
    let bodies = [(2, true), (2, false), (30, true)].map(|(n, may_change)| watch(&canaries(n, may_change)));
    for body in &bodies {
        check::message(body).expect("Slack takes it");
    }
    let page = page("canaries", &bodies);
    assert!(page.contains("⏸️ <b>nightly_1</b>") && page.contains("⏯️ Resume"), "{page}");
    assert!(page.contains(" more") && page.contains("People who manage messages"), "{page}");
}

#[test]
fn a_sorted_table_has_numbers_and_tiers() {
    let mut board = samples::board(usize::MAX - 1, None);
    let table = board.table.as_mut().expect("a table");
    table.rows[4].tier = 2;
    let blocks = blocks(&overview(&board, ALL));
    let table = blocks.iter().find(|block| block["type"] == "data_table").expect("a table");
    let (head, first, last) = (&table["rows"][0], &table["rows"][1], &table["rows"][5]);
    let texts: Vec<_> = head.as_array().expect("cells").iter().map(|cell| &cell["text"]).collect();
    assert_eq!(texts, ["#", "model", "picked", "95 %", "P(best)", "tier"]);
    assert_eq!(
        (&first[0]["value"], &first[5]["value"], &last[5]["value"]),
        (&1.0.into(), &1.0.into(), &2.0.into())
    );
    let picked = first[2]["value"].as_f64().expect("a number");
    assert_eq!(first[2]["text"], format!("{picked:.0} %"));
    assert_eq!((&table["page_size"], &table["row_header_column_index"]), (&5.into(), &1.into()));
}

/// A table of `models` with this text in its cells.
fn table(text: &str, models: usize) -> OverviewTable {
    let cell = |text: &str, value| OverviewCell { text: text.into(), value };
    let row = |at: usize| OverviewRow {
        cells: vec![cell("1", Some(1.0)), cell(text, None), cell("", Some(f64::NAN))],
        tier: at / 30 + 1,
        ..OverviewRow::default()
    };
    OverviewTable {
        lines: vec![format!("1 {text}"); 9],
        headings: vec!["#", "model", "picked"],
        rows: (0..models).map(row).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_overview_breaks_a_limit(text in hostile(), models in 0..80_usize, again in 1..9_usize) {
        let text = text.repeat(again);
        let shown = Overview {
            title: "Team board",
            lead: vec![format!("{text} leads"), text.clone()],
            models: vec![(text.clone(), format!("steady {text}")); models],
            table: (models > 40).then(|| table(&text, models)),
            notes: vec![format!("Read: {text}")],
            ..Overview::default()
        };
        check::message(&overview(&shown, ALL)).map_err(TestCaseError::fail)?;
        check::message(&overview(&shown, NONE)).map_err(TestCaseError::fail)?;
    }
}
