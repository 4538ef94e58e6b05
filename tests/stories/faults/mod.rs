//! What can go wrong at a provider. Each fault strikes one lane of three, while the two beside it are in the
//! middle of their answers: it must end in the right state with a sentence for a person, keep its text, and
//! leave the others alone. Nothing of the provider's insides may show anywhere.

mod refusals;
mod sparse;
mod stream;
mod transport;

use std::{sync::Arc, time::Duration};

use llm_arena::{
    arena::Record,
    model::ChatModel,
    provider::Deadlines,
    race::report::LaneReport,
    terminal::render::{self, Screen},
    view::{LaneState, LaneView, View},
};

use super::{KEY, admit, arena, model, provider, with_timeout};
use crate::support::{
    provider::{Answer, FakeProvider, Gate, Rules, answer},
    window::{Watcher, Window},
};

/// Stands in every body that a provider sends along with a fault: nobody may ever read it.
const INSIDES: &str = "raw-insides-of-the-provider";

const SCREEN: Screen = Screen { columns: 100, rows: 100, color: false };

/// Deadlines that strike soon, for lanes that wait in vain.
const SHORT: Duration = Duration::from_millis(200);

/// How the odd lane ended.
struct Ended {
    lane: LaneReport,
    view: LaneView,
}

impl Ended {
    /// "status: error | answer", without what is not there.
    fn told(&self) -> String {
        let error = self.lane.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{}{error} | {}", self.lane.status.as_str(), self.lane.answer)
    }
}

/// The fault strikes once people have read "Half an ".
async fn in_mid_answer(strike: impl FnOnce(Answer) -> Answer) -> String {
    in_mid_answer_within(Deadlines::default(), strike).await
}

async fn in_mid_answer_within(deadlines: Deadlines, strike: impl FnOnce(Answer) -> Answer) -> String {
    let gate = Gate::default();
    let odd = strike(answer("odd").role().says("Half an ").waits_for(&gate));
    let ended = beside_two(odd, deadlines, Some(gate)).await;
    assert!(ended.lane.answer.starts_with("Half an "), "the text so far is kept: {}", ended.told());
    ended.told()
}

/// The odd lane does all this by itself.
async fn at_once(odd: Answer) -> Ended {
    beside_two(odd, Deadlines::default(), None).await
}

/// Races `odd` between two healthy lanes; `strike` opens when its text was shown, the lanes beside it go on
/// when it is over.
async fn beside_two(odd: Answer, deadlines: Deadlines, strike: Option<Gate>) -> Ended {
    let go_on = Gate::default();
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let fake = FakeProvider::open_with(rules, [healthy("left", &go_on), odd, healthy("right", &go_on)]).await;
    let client = provider(&fake.base_url(), Some(KEY));
    let lane = |name, deadlines| model(&client, name, deadlines);
    let lanes =
        [lane("left", Deadlines::default()), lane("odd", deadlines), lane("right", Deadlines::default())];
    let record_and_view = struck(lanes, strike, &go_on).await;
    keeps_secrets(&record_and_view.0, &record_and_view.1, &fake);
    let (record, view) = record_and_view;
    for side in [0, 2] {
        let lane = &record.report.lanes[side];
        assert_eq!((lane.answer.as_str(), lane.metrics.output_tokens), ("First half, second half.", 2));
        assert!(lane.status.is_finished() && lane.error.is_none(), "{lane:?}");
    }
    Ended { lane: record.report.lanes[1].clone(), view: view.lanes[1].clone() }
}

fn healthy(name: &str, go_on: &Gate) -> Answer {
    answer(name).role().says("First half, ").waits_for(go_on).says("second half.").whole()
}

async fn struck(lanes: [Arc<dyn ChatModel>; 3], strike: Option<Gate>, go_on: &Gate) -> (Arc<Record>, View) {
    let arena = arena(lanes);
    let (mut window, watcher) = Window::new();
    let mut seen = watcher.clone();
    let watching = async {
        if let Some(strike) = strike {
            seen.until(|view| view.lanes[1].answer == "Half an ").await;
            strike.open();
        }
        others_write_when_it_is_over(&mut seen).await;
        go_on.open();
    };
    let (record, ()) =
        with_timeout(async { tokio::join!(arena.race(admit(&arena), &mut window), watching) }).await;
    let last = watcher.last();
    assert!(last.is_final() && watcher.charts().len() == 1);
    (record, last)
}

/// A lane's end is shown while the others are in mid-answer.
async fn others_write_when_it_is_over(seen: &mut Watcher) {
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

/// No key, address or raw body in anything that people or scripts get.
fn keeps_secrets(record: &Record, view: &View, fake: &FakeProvider) {
    let texts = [format!("{:?}", record.report), format!("{view:?}"), render::last(view, SCREEN).join("\n")];
    for text in texts {
        for secret in [KEY, INSIDES, "http://", "127.0.0.1", &format!(":{}", fake.address().port())] {
            assert!(!text.contains(secret), "{secret} shows in {text}");
        }
    }
}
