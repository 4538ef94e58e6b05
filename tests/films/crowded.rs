//! The edit loop when others take the slots.

use std::time::Duration;

use llm_arena::{
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};
use tokio::time::Instant;

use super::{admit, arena};
use crate::support::script::model;

/// No slot for live frames after the first one, none for the chart until it has asked seven times.
struct Crowded {
    start: Instant,
    shown: Vec<(Duration, bool)>,
    charts_asked: u32,
    has_chart: bool,
}

const WAIT: Duration = Duration::from_secs(30);

impl Surface for Crowded {
    fn pace(&self) -> Pace {
        Pace { interval: Duration::from_secs(1), before_final: Duration::ZERO, notice: None }
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        if !self.shown.is_empty() && !view.is_final() {
            return Err(SurfaceError::Paced { retry_after: WAIT });
        }
        self.shown.push((self.start.elapsed(), view.is_final()));
        Ok(Learned::default())
    }

    async fn attach(&mut self, _: Chart) -> Result<(), SurfaceError> {
        self.charts_asked += 1;
        if self.charts_asked < 7 {
            return Err(SurfaceError::Paced { retry_after: WAIT });
        }
        self.has_chart = true;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_frame_does_not_wait_for_a_live_one_and_a_chart_waits_for_its_turn() {
    let talkers = ["a", "b"].map(|id| model(id).waits(100).says_words(400, 5).used(400).finishes("stop"));
    let mut surface = Crowded { start: Instant::now(), shown: vec![], charts_asked: 0, has_chart: false };
    let arena = arena(talkers);
    arena.race(admit(&arena).await, &mut surface).await;
    let [(_, false), (last, true)] = surface.shown[..] else { panic!("{:?}", surface.shown) };
    assert!(last < Duration::from_secs(3), "the race of two seconds ended on screen after {last:?}");
    assert_eq!((surface.charts_asked, surface.has_chart), (7, true));
}
