//! The terminal: whatever models write, a frame fits the screen and contains no escape sequences but its own.

use std::{sync::Arc, time::Duration};

use llm_arena::{
    model::{ChatModel, Delta, FinishReason},
    race::{
        event::{Elapsed, EventKind, LaneEvent, RaceEvent},
        state::RaceState,
    },
    surface::Surface,
    terminal::{
        Terminal,
        render::{self, Screen},
    },
    view::View,
};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::support::script::model;

fn state(lanes: usize, text: &str) -> RaceState {
    let cards = (0..lanes).map(|i| {
        let mut card = model(&format!("m{i}")).card().clone();
        card.name = format!("{text}{i}").chars().take(40).collect();
        card.icon = "🧠".into();
        Arc::new(card)
    });
    let mut state = RaceState::new(text, text, cards);
    for lane in 0..lanes {
        let words = (3..=9).map(|i| (100 * i, Delta::Text(text.into())));
        for (ms, delta) in [(0, Delta::Sent)].into_iter().chain(words) {
            state.apply(&RaceEvent {
                at: Elapsed::from_millis(ms),
                kind: EventKind::Lane(lane, LaneEvent::from(delta)),
            });
        }
    }
    state
}

fn ended(mut state: RaceState) -> RaceState {
    for lane in 0..state.lanes.len() {
        let stop = LaneEvent::from(Delta::Finished(FinishReason::new("stop")));
        for event in [stop, LaneEvent::Closed] {
            let at = Elapsed::new(Duration::from_secs(2));
            state.apply(&RaceEvent { at, kind: EventKind::Lane(lane, event) });
        }
    }
    state
}

proptest! {
    #[test]
    fn a_live_frame_fits_any_screen(
        text in "\\PC{1,60}|[\\x00-\\x20\\x1b\u{9b}\u{202e}a日]{1,60}",
        lanes in 1..25_usize, columns in 1..140_usize, rows in 2..60_usize,
    ) {
        let screen = Screen { columns, rows, color: false };
        let lines = render::live(&View::of(&state(lanes, &text)), screen);
        prop_assert!(lines.len() < rows);
        for line in &lines {
            prop_assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
            prop_assert!(line.width() <= columns.max(8), "{} > {columns}: {line:?}", line.width());
        }
    }
}

proptest! {
    #[test]
    fn a_result_fits_any_screen(
        text in "\\PC{1,60}|[\\x00-\\x20\\x1b\u{9b}\u{202e}a日`*#>|-]{1,60}",
        lanes in 1..9_usize, columns in 8..140_usize,
    ) {
        let view = View::of(&ended(state(lanes, &text)));
        let screen = Screen { columns, rows: 50, color: false };
        for line in render::last(&view, screen) {
            prop_assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
            prop_assert!(line.width() <= columns, "{} > {columns}: {line:?}", line.width());
        }
    }
}

#[test]
fn a_narrow_screen_clips_words_and_keeps_its_bars() {
    let view = View::of(&ended(state(2, "word ")));
    for (columns, bar) in [(120, 24), (80, 16), (40, 6), (20, 6)] {
        let lines = render::summary(&view, Screen { columns, rows: 50, color: false });
        let bars = lines.iter().filter(|line| line.starts_with(&"█".repeat(bar))).count();
        assert_eq!(bars, 2, "{columns}: {lines:#?}");
        assert!(lines.iter().all(|line| line.width() <= columns), "{columns}: {lines:#?}");
    }
}

#[tokio::test]
async fn a_frame_replaces_the_previous_one_and_restores_the_cursor() {
    let (state, mut out) = (state(1, "word "), vec![]);
    let screen = Some(Screen { columns: 80, rows: 24, color: false });
    let mut terminal = Terminal::new(&mut out, move || screen);
    terminal.show(&View::of(&state)).await.expect("shown");
    terminal.show(&View::of(&ended(state))).await.expect("shown");
    let written = String::from_utf8(out).expect("UTF-8");
    let (first, second) = written.split_once("\x1b[0J").expect("a first frame");
    let lines = first.matches('\n').count();
    assert!(second.starts_with(&format!("\x1b[?25l\x1b[{lines}F")), "{second:?}");
    assert_eq!(first.matches("\x1b[K\n").count(), lines, "every line is cleared to its end");
    assert_eq!(second.matches('\n').count(), 0, "the result is printed by itself: {second:?}");
    assert!(written.ends_with("\x1b[0J\x1b[?25h"), "{written:?}");
}
