//! Films: a scripted model, a filming surface, a paused clock, no sockets. One film is one timeline.

mod behaviour;
mod canaries;
mod crowded;
mod digest;
mod edits;
mod races;
mod restarts;

use std::sync::Arc;

use llm_arena::{
    arena::{Arena, Limits, Origin, Recorded},
    model::ChatModel,
    race::{Asker, Record},
};

use crate::support::{film::Camera, script::Script};

const LIMITS: Limits =
    Limits { prompt_chars: 6_000, output_tokens: 8_192, concurrent_races: 64, races_per_minute: 60 };

fn arena(models: impl IntoIterator<Item = Script>) -> Arc<Arena> {
    let models: Vec<Arc<dyn ChatModel>> = models.into_iter().map(Script::arc).collect();
    Arc::new(Arena::new(models, LIMITS))
}

async fn admit(arena: &Arena) -> Recorded {
    let asker = Asker { id: "test:ana".into(), name: "ana".into() };
    let admitted = arena.admit(asker, &[], "why is the sky blue?".into()).expect("admitted");
    arena.record(admitted, &Origin::default()).await.expect("recorded")
}

async fn race(arena: &Arena, camera: &mut Camera) -> Arc<Record> {
    arena.race(admit(arena).await, camera).await
}
