//! The side that measures: the program's own client, race and edit loop, as `compare` puts them together.

use std::sync::Arc;

use llm_arena::{
    arena::{Arena, Limits, Origin, Recorded},
    live::SMOOTH,
    model::{ChatModel, Color, ModelCard, ModelId},
    provider::{OpenAiModel, Provider, Settings},
    race::{Asker, Record, run},
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};
use tokio::{sync::watch, time::Instant};

use crate::scenario::Scenario;

/// An arena whose line-up is the scenario's, at the provider with this base URL.
pub(crate) fn arena(scenario: &Scenario, base_url: &str) -> Arena {
    let provider = Arc::new(Provider::new("scripted", base_url.parse().expect("a URL"), None));
    let model = |name: &str| -> Arc<dyn ChatModel> {
        let settings = Settings { model: name.into(), ..Settings::default() };
        Arc::new(OpenAiModel::new(card(name), Arc::clone(&provider), settings))
    };
    let limits =
        Limits { prompt_chars: 100, output_tokens: 8_192, concurrent_races: 1, races_per_minute: 100 };
    let models = scenario.lanes.iter().map(|lane| model(&lane.model)).collect();
    Arena::new(models, limits).with_lane_runtime(run::start_lane_thread().expect("a thread"))
}

fn card(name: &str) -> ModelCard {
    ModelCard {
        id: ModelId::new(name),
        name: name.into(),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: Color { r: 69, g: 148, b: 240 },
        provider: "scripted".into(),
        simulated: false,
        vision: false,
        prices: None,
    }
}

/// Admits one race.
pub(crate) async fn admit(arena: &Arena) -> Recorded {
    let asker = Asker { id: "bench".into(), name: "bench".into() };
    let admitted = arena.admit(asker, &[], "How true are the numbers?".into()).expect("admitted");
    arena.record(admitted, &Origin::default()).await.expect("recorded")
}

/// Races to the end.
pub(crate) async fn race(arena: &Arena) -> Arc<Record> {
    arena.race(admit(arena).await, &mut Frames::new().0).await
}

/// The times of the events that one Stop sets off.
pub(crate) struct Stopped {
    pub(crate) pressed: Instant,
    /// The final frame was there.
    pub(crate) shown: Instant,
    /// Word came that the provider saw all clients go.
    pub(crate) disconnected: Instant,
}

/// Stops a race in mid-answer; `disconnected` resolves when the provider saw all clients go.
pub(crate) async fn stop(arena: &Arena, disconnected: impl Future<Output = Instant>) -> Stopped {
    let (mut frames, mut newest) = Frames::new();
    let recorded = admit(arena).await;
    let id = recorded.id();
    let stopping = async {
        let all_speak = |frame: &Option<(Instant, View)>| {
            frame.as_ref().is_some_and(|(_, view)| view.lanes.iter().all(|lane| !lane.answer.is_empty()))
        };
        newest.wait_for(all_speak).await.expect("a frame");
        let pressed = Instant::now();
        assert!(arena.stop(id));
        pressed
    };
    let (_, pressed, disconnected) = tokio::join!(arena.race(recorded, &mut frames), stopping, disconnected);
    let (shown, last) = newest.borrow().clone().expect("a frame");
    assert!(last.is_final());
    Stopped { pressed, shown, disconnected }
}

/// A surface at the pace of a terminal that keeps the newest frame.
struct Frames(watch::Sender<Option<(Instant, View)>>);

impl Frames {
    fn new() -> (Self, watch::Receiver<Option<(Instant, View)>>) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), receiver)
    }
}

impl Surface for Frames {
    fn pace(&self) -> Pace {
        Pace::every(SMOOTH)
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        self.0.send_replace(Some((Instant::now(), view.clone())));
        Ok(Learned::default())
    }

    async fn attach(&mut self, _: Chart) -> Result<(), SurfaceError> {
        Ok(())
    }
}
