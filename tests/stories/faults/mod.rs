//! Faults of providers. Each fault hits one lane of three while the two others are mid-answer: the lane must end in the
//! right state with a sentence for users, keep its text, and leave the others alone. Internals of the provider must
//! never show.

mod refusals;
mod sparse;
mod stream;
mod transport;

use std::{sync::Arc, time::Duration};

use llm_arena::{
    chart,
    model::ChatModel,
    provider::Deadlines,
    race::{Record, report::LaneReport},
    terminal::render::{self, Screen},
    view::{LaneState, LaneView, View},
};

use super::{KEY, admit, arena, model, provider, with_timeout};
use crate::support::{
    provider::{Answer, FakeProvider, Gate, Rules, answer},
    window::{Watcher, Window},
};

/// Part of every body that a provider sends with a fault; must never show.
const INTERNALS: &str = "internals-of-the-provider";

const SCREEN: Screen = Screen { columns: 100, rows: 100, color: false };

/// A short deadline, for lanes that wait in vain.
const SHORT_TIMEOUT: Duration = Duration::from_millis(200);

/// The result of the odd lane.
struct OddLane {
    lane: LaneReport,
    view: LaneView,
}

impl OddLane {
    /// "status: error | answer"; the error is optional.
    fn outcome(&self) -> String {
        let error = self.lane.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{}{error} | {}", self.lane.status.as_str(), self.lane.answer)
    }
}

/// Runs a fault that begins once "Half an " was shown, and returns the outcome.
async fn mid_answer(fault: impl FnOnce(Answer) -> Answer) -> String {
    mid_answer_within(Deadlines::default(), fault).await
}

async fn mid_answer_within(deadlines: Deadlines, fault: impl FnOnce(Answer) -> Answer) -> String {
    let gate = Gate::default();
    let odd = fault(answer("odd").role().says("Half an ").waits_for(&gate));
    let ended = between_two(odd, deadlines, Some(gate)).await;
    assert!(ended.lane.answer.starts_with("Half an "), "the text so far is kept: {}", ended.outcome());
    ended.outcome()
}

/// Races `odd` without waiting for a frame.
async fn at_once(odd: Answer) -> OddLane {
    between_two(odd, Deadlines::default(), None).await
}

/// Races `odd` between two healthy lanes. `fault` opens when its text was shown; the healthy lanes continue when it is
/// over.
async fn between_two(odd: Answer, deadlines: Deadlines, fault: Option<Gate>) -> OddLane {
    let go_on = Gate::default();
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let fake = FakeProvider::open_with(rules, [healthy("left", &go_on), odd, healthy("right", &go_on)]).await;
    let client = provider(&fake.base_url(), Some(KEY));
    let lane = |name, deadlines| model(&client, name, deadlines);
    let lanes =
        [lane("left", Deadlines::default()), lane("odd", deadlines), lane("right", Deadlines::default())];
    let (record, view) = Box::pin(race_with_fault(lanes, fault, &go_on)).await;
    assert_no_secrets(&record, &view, &fake);
    for side in [0, 2] {
        let lane = &record.report.lanes[side];
        assert_eq!((lane.answer.as_str(), lane.metrics.output_tokens), ("First half, second half.", 2));
        assert!(lane.status.is_finished() && lane.error.is_none(), "{lane:?}");
    }
    OddLane { lane: record.report.lanes[1].clone(), view: view.lanes[1].clone() }
}

fn healthy(name: &str, go_on: &Gate) -> Answer {
    answer(name).role().says("First half, ").waits_for(go_on).says("second half.").whole()
}

async fn race_with_fault(
    lanes: [Arc<dyn ChatModel>; 3],
    fault: Option<Gate>,
    go_on: &Gate,
) -> (Arc<Record>, View) {
    let arena = arena(lanes);
    let (mut window, watcher) = Window::new();
    let mut seen = watcher.clone();
    let watching = async {
        if let Some(fault) = fault {
            seen.until(|view| view.lanes[1].answer == "Half an ").await;
            fault.open();
        }
        others_write_when_the_odd_lane_is_over(&mut seen).await;
        go_on.open();
    };
    let recorded = admit(&arena).await;
    let (record, ()) =
        with_timeout(async { tokio::join!(arena.race(recorded, &mut window), watching) }).await;
    let last = watcher.last();
    assert!(last.is_final());
    assert_eq!(watcher.charts().len(), usize::from(chart::compares(&record.report)));
    (record, last)
}

/// Waits until the end of the odd lane is shown, while the others are mid-answer.
async fn others_write_when_the_odd_lane_is_over(seen: &mut Watcher) {
    let over = |state| {
        matches!(state, LaneState::Finished | LaneState::Truncated | LaneState::Failed | LaneState::Stopped)
    };
    let view = seen
        .until(|view| {
            over(view.lanes[1].state) && [0, 2].iter().all(|side| view.lanes[*side].answer == "First half, ")
        })
        .await;
    for side in [0, 2] {
        assert_eq!(view.lanes[side].state, LaneState::Writing, "a lane beside it was touched");
    }
}

/// Asserts that no key, address or raw body is in the output for users, and no key in the provider's words that are
/// kept for the operator.
fn assert_no_secrets(record: &Record, view: &View, fake: &FakeProvider) {
    let mut report = record.report.clone();
    for words in report.lanes.iter_mut().filter_map(|lane| lane.provider_message.take()) {
        assert!(!words.contains(KEY), "the key shows in {words}");
    }
    let texts = [format!("{report:?}"), format!("{view:?}"), render::last(view, SCREEN).join("\n")];
    for text in texts {
        for secret in [KEY, INTERNALS, "http://", "127.0.0.1", &format!(":{}", fake.address().port())] {
            assert!(!text.contains(secret), "{secret} shows in {text}");
        }
    }
}
