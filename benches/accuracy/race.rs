//! The measuring side: the program's own client, race and edit loop, composed as for `compare`.

use std::sync::Arc;

use llm_arena::{
    arena::{Arena, Asker, Limits, Permit, Record},
    live::SMOOTH,
    model::{ChatModel, Color, ModelCard, ModelId},
    provider::{OpenAiModel, Provider, Settings},
    surface::{Chart, Pace, Surface, SurfaceError},
    view::View,
};
use tokio::{sync::watch, time::Instant};

use crate::scenario::Scenario;

/// An arena with the scenario's line-up, served at `base_url`.
pub(crate) fn arena(scenario: &Scenario, base_url: &str) -> Arena {
    let provider = Arc::new(Provider::new("scripted", base_url.parse().expect("a URL"), None));
    let model = |name: &str| -> Arc<dyn ChatModel> {
        let settings = Settings { model: name.into(), ..Settings::default() };
        Arc::new(OpenAiModel::new(card(name), Arc::clone(&provider), settings))
    };
    let limits =
        Limits { prompt_chars: 100, output_tokens: 8_192, concurrent_races: 1, races_per_minute: 100 };
    Arena::new(scenario.lanes.iter().map(|lane| model(&lane.model)).collect(), limits)
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
        prices: None,
    }
}

/// Admits one race.
pub(crate) fn admit(arena: &Arena) -> Permit {
    let asker = Asker { id: "bench".into(), name: "bench".into() };
    arena.admit(asker, &[], "How true are the numbers?".into()).expect("admitted")
}

/// Runs a race to its end.
pub(crate) async fn race(arena: &Arena) -> Arc<Record> {
    arena.race(admit(arena), &mut Frames::new().0).await
}

/// The timeline of one Stop.
pub(crate) struct Stopped {
    pub(crate) pressed: Instant,
    /// The final frame was shown.
    pub(crate) shown: Instant,
    /// The provider reported that all clients had disconnected.
    pub(crate) disconnected: Instant,
}

/// Stops a race mid-answer; `disconnected` resolves when the provider reports that all clients have disconnected.
pub(crate) async fn stop(arena: &Arena, disconnected: impl Future<Output = Instant>) -> Stopped {
    let (mut frames, mut newest) = Frames::new();
    let permit = admit(arena);
    let id = permit.id();
    let stopping = async {
        let all_are_writing = |frame: &Option<(Instant, View)>| {
            frame.as_ref().is_some_and(|(_, view)| view.lanes.iter().all(|lane| !lane.answer.is_empty()))
        };
        newest.wait_for(all_are_writing).await.expect("a frame");
        let pressed = Instant::now();
        assert!(arena.stop(id));
        pressed
    };
    let (_, pressed, disconnected) = tokio::join!(arena.race(permit, &mut frames), stopping, disconnected);
    let (shown, last) = newest.borrow().clone().expect("a frame");
    assert!(last.is_final());
    Stopped { pressed, shown, disconnected }
}

/// A surface at the pace of a terminal that keeps only the latest frame.
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

    async fn show(&mut self, view: &View) -> Result<(), SurfaceError> {
        self.0.send_replace(Some((Instant::now(), view.clone())));
        Ok(())
    }

    async fn attach(&mut self, _: Chart) -> Result<(), SurfaceError> {
        Ok(())
    }
}
