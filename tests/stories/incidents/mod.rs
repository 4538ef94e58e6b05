//! Incidents through the real store: models that become slower and recover, with a channel in memory, and with those of the platforms.

pub mod channel;
mod life;
mod platforms;
mod replicas;

use std::{ops::Range, slice, sync::Arc, time::Duration};

use jiff::Timestamp;
use llm_arena::{
    alert::AlertChannel,
    arena::{Arena, Caps, Limits, Press, WatchSettings},
    history::{DAY_MS, Incident, IncidentAction, IncidentState},
    model::ChatModel,
    race::Asker,
    store::Store,
};

use self::channel::{MemoryChannel, ReadableChannel};
use crate::{
    store::engine::{Engine, Process},
    support::script::{Script, model},
};

/// The first day with samples: far from the present, whose samples are those of the probes.
const START: i64 = 20_200;
/// The day from which on models are slower.
const SLOW: i64 = START + 40;
/// The speed of the scripted models, which probes measure.
const PROBED: f64 = 100.0;

/// A service that watches, and its channel.
struct World<C> {
    process: Process,
    arena: Arc<Arena>,
    channel: Arc<C>,
}

/// A scripted model that writes 70 tokens at [`PROBED`].
fn scripted(id: &str) -> Script {
    model(id).says_words(70, 10).used(70).finishes("stop")
}

fn arena_of(process: &Process, models: &[Script], caps: Caps) -> Arc<Arena> {
    let limits =
        Limits { prompt_chars: 6_000, output_tokens: 8_192, concurrent_races: 64, races_per_minute: 600 };
    let models: Vec<Arc<dyn ChatModel>> = models.iter().cloned().map(Script::arc).collect();
    Arc::new(Arena::new(models, limits).with_store(process.store.clone(), caps))
}

/// Starts a process with these models on `engine`, whose incidents are posted in a channel.
async fn watching(
    engine: &Engine,
    channel: impl FnOnce(&Store) -> Arc<dyn AlertChannel>,
    models: &[Script],
    caps: Caps,
) -> (Process, Arc<Arena>) {
    let process = engine.process().await;
    let arena = arena_of(&process, models, caps);
    let channels = vec![channel(&process.store)];
    arena.set_watch(WatchSettings { channels, canaries: vec![], probe_interval: Duration::ZERO });
    (process, arena)
}

impl<C: ReadableChannel + 'static> World<C> {
    /// Starts a service with these models on `engine`.
    async fn start(engine: &Engine, channel: &Arc<C>, models: &[Script], caps: Caps) -> Self {
        let (process, arena) = watching(engine, |_| Arc::clone(channel) as _, models, caps).await;
        Self { process, arena, channel: Arc::clone(channel) }
    }

    /// Starts a service that probes its only model, and then waits for an hour of real time.
    async fn start_with_slow_probes(engine: &Engine, channel: &Arc<C>, model: &Script) -> Self {
        let process = engine.process().await;
        let arena = arena_of(&process, slice::from_ref(model), Caps::default());
        let probe_interval = Duration::from_hours(1);
        let channels = vec![Arc::clone(channel) as _];
        arena.set_watch(WatchSettings { channels, canaries: vec![], probe_interval });
        Self { process, arena, channel: Arc::clone(channel) }
    }

    /// Shuts the service down and starts another.
    async fn restart(self, engine: &Engine, models: &[Script]) -> Self {
        let Self { process, arena, channel } = self;
        drop(arena);
        process.shut_down().await;
        Self::start(engine, &channel, models, Caps::default()).await
    }

    /// Looks after the end of `day`.
    async fn look(&self, day: i64) {
        self.arena.look(after(day)).await;
    }

    async fn look_on(&self, days: Range<i64>) {
        for day in days {
            self.look(day).await;
        }
    }

    async fn incidents(&self) -> Vec<Incident> {
        let all = self.process.store.incidents(0).await.expect("incidents");
        all.into_iter().map(|stored| stored.incident).collect()
    }

    async fn states(&self) -> Vec<IncidentState> {
        self.incidents().await.iter().map(|incident| incident.state).collect()
    }

    /// Presses a button of the only incident after the end of `day`.
    async fn press(&self, action: IncidentAction, day: i64) -> String {
        let id = self.incidents().await[0].id;
        let ana = person("Ana");
        let press = Press { platform: self.channel.platform(), place: self.channel.place(), person: &ana };
        self.arena.respond_to_incident_at(id, action, press, after(day)).await
    }

    /// The only message.
    fn message(&self) -> channel::Posted {
        let messages = self.channel.messages();
        assert_eq!((messages.len(), self.channel.useless_edits()), (1, 0), "{messages:#?}");
        messages[0].clone()
    }
}

fn person(name: &str) -> Asker {
    Asker { id: format!("memory:{name}"), name: name.into() }
}

/// Twenty minutes after the end of `day`.
fn after(day: i64) -> Timestamp {
    Timestamp::from_millisecond((day + 1) * DAY_MS + 20 * 60_000).expect("a time")
}

/// A series of samples of the scripted model `id`.
struct Samples<'a> {
    id: &'a str,
    provider: &'a str,
    kind: &'a str,
    per_day: i64,
}

impl<'a> Samples<'a> {
    fn of(id: &'a str) -> Self {
        Self { id, provider: "scripted", kind: "people", per_day: 4 }
    }

    /// Inserts samples of these days with the speeds of each day.
    async fn insert(&self, engine: &Engine, days: Range<i64>, speed: impl Fn(i64) -> f64) {
        let contender = scripted(self.id).identity().contender;
        let row = |(day, n): (i64, i64)| {
            let at = day * DAY_MS + (n + 1) * DAY_MS / (self.per_day + 2);
            let noise = 1.0 + 0.05 * f64::from(i32::try_from((at / 7_919) % 101 - 50).expect("small")) / 50.0;
            let (id, provider, kind, speed) = (self.id, self.provider, self.kind, speed(day) * noise);
            let race = format!("{id}{kind}{at}");
            format!("('{race}', 0, '{contender}', '{id}', '{provider}', '{kind}', {at}, {speed}, 0.2, 0)")
        };
        let rows: Vec<String> =
            days.flat_map(|day| (0..self.per_day).map(move |n| (day, n))).map(row).collect();
        let columns = "race, place, contender, model, provider, kind, at, speed, first_token, failed";
        engine.execute(&format!("INSERT INTO samples ({columns}) VALUES {}", rows.join(", "))).await;
    }
}

/// The speed of a model that is a third slower on `days`, and then as fast as [`PROBED`].
fn slower(days: Range<i64>) -> impl Fn(i64) -> f64 {
    move |day| if days.contains(&day) { PROBED } else { PROBED * 1.5 }
}
