//! The board and the history.

use proptest::prelude::*;

use super::{
    laws::{check, hostile},
    preview::{page, write},
    samples::line_up,
};
use crate::{
    arena::{Overview, OverviewTable, samples},
    discord::render::{body::Body, overview},
};

fn with_picture(shown: &Overview) -> Body {
    let chart = shown.chart.as_ref().expect("a picture");
    write(&format!("discord-{}", shown.chart_file), &chart.png);
    overview(shown, Some(&chart.alt))
}

#[test]
fn the_board_and_the_history_can_be_looked_at() {
    let cards = line_up();
    let board = samples::board(usize::MAX - 1, Some(30));
    let bodies = [overview(&samples::board(9, None), None), with_picture(&board), overview(&board, None)];
    let board = page("board", &bodies);
    assert!(
        board.contains("for this team") && board.contains("<pre>") && board.contains("Too early"),
        "{board}"
    );
    let history = page("history", &[with_picture(&samples::history(&cards, None))]);
    assert!(history.contains("217 → 153 tok/s") && history.contains("discord-history.png"), "{history}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_overview_breaks_a_limit(text in hostile(), models in 0..80_usize, again in 1..9_usize, has_chart in any::<bool>()) {
        let text = text.repeat(again);
        let shown = Overview {
            lead: vec![format!("{text} leads"), text.clone()],
            models: vec![(text.clone(), format!("steady {text}")); models],
            table: (models > 40).then(|| OverviewTable { lines: vec![text.clone(); 9], ..OverviewTable::default() }),
            notes: vec![format!("Read: {text}"), text.clone()],
            chart_file: "board.png",
            ..Overview::default()
        };
        check(&overview(&shown, has_chart.then_some(text.as_str())))?;
    }
}
