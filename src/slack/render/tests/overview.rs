//! The board and the history.

use proptest::prelude::*;

use super::{check, laws::hostile, preview::page, samples::line_up};
use crate::{
    arena::{Overview, OverviewTable, samples},
    slack::render::overview,
};

#[test]
fn the_board_and_the_history_can_be_looked_at() {
    let boards = [samples::board(9, None), samples::board(usize::MAX - 1, Some(30))];
    let history = samples::history(&line_up(), None);
    let bodies: Vec<_> = boards.iter().chain([&history]).map(overview).collect();
    let page = page("overviews", &bodies);
    for words in ["Too early", "for this team", "217 → 153 tok/s"] {
        assert!(page.contains(words), "{words} in {page}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_overview_breaks_a_limit(text in hostile(), models in 0..80_usize, again in 1..9_usize) {
        let text = text.repeat(again);
        let shown = Overview {
            lead: vec![format!("{text} leads"), text.clone()],
            models: vec![(text.clone(), format!("steady {text}")); models],
            table: (models > 40).then(|| OverviewTable { lines: vec![format!("1 {text}"); 9], ..OverviewTable::default() }),
            notes: vec![format!("Read: {text}")],
            ..Overview::default()
        };
        check::message(&overview(&shown)).map_err(TestCaseError::fail)?;
    }
}
