//! A surface in memory: it keeps every frame and lets a test wait for one.

use std::time::Duration;

use llm_arena::{
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};
use tokio::sync::watch;

/// The surface.
pub struct Window {
    shown: watch::Sender<Shown>,
    wants_chart: bool,
}

/// The frames that were shown; clones share them.
#[derive(Clone)]
pub struct Watcher(watch::Receiver<Shown>);

#[derive(Clone, Default)]
struct Shown {
    frames: Vec<View>,
    charts: Vec<Chart>,
}

impl Window {
    pub fn new() -> (Self, Watcher) {
        let (shown, seen) = watch::channel(Shown::default());
        (Self { shown, wants_chart: true }, Watcher(seen))
    }

    /// Returns a surface that cannot show charts.
    pub fn without_chart(self) -> Self {
        Self { wants_chart: false, ..self }
    }
}

impl Surface for Window {
    fn pace(&self) -> Pace {
        Pace::every(Duration::from_millis(10))
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        self.shown.send_modify(|shown| shown.frames.push(view.clone()));
        Ok(Learned::default())
    }

    fn wants_chart(&self) -> bool {
        self.wants_chart
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        self.shown.send_modify(|shown| shown.charts.push(chart));
        Ok(())
    }
}

impl Watcher {
    /// Waits until the newest frame satisfies the condition, and returns it.
    pub async fn until(&mut self, wanted: impl Fn(&View) -> bool) -> View {
        let seen = self.0.wait_for(|shown| shown.frames.last().is_some_and(&wanted)).await;
        seen.expect("a frame as wanted before the window closed").frames.last().expect("a frame").clone()
    }

    /// The newest frame.
    pub fn last(&self) -> View {
        self.0.borrow().frames.last().expect("a frame").clone()
    }

    /// All frames.
    pub fn frames(&self) -> Vec<View> {
        self.0.borrow().frames.clone()
    }

    /// The charts' texts.
    pub fn charts(&self) -> Vec<String> {
        self.0.borrow().charts.iter().map(|chart| chart.alt.clone()).collect()
    }
}
