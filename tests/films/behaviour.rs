//! Models that are exchanged behind their names, and models that are not: from the answers of a canary, through the store,
//! to the incident. `ARENA_SEED` repeats a run.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{future::BoxFuture, stream::BoxStream};
use llm_arena::{
    arena::{Arena, Caps, ChangedAnswers, Limits, Press, QuietRace, WatchSettings},
    history::{IncidentAction, IncidentKind, IncidentState},
    model::{Availability, ChatModel, Identity, ModelCard, ModelError, Prompt, Stamped},
    race::{Asker, RaceId},
    store::Store,
};

use super::LIMITS;
use crate::{
    store::engine::{Engine, Process},
    stories::incidents::channel::{MemoryChannel, ReadableChannel as _},
    support::{
        script::{Script, model},
        wait::eventually,
    },
};

const HOUR_MS: i64 = 3_600_000;
/// A canary every three hours.
const RUNS_PER_DAY: usize = 8;

/// The words of a model, and those of another one that has some of them too, and more to say.
const USUAL: [&str; 10] =
    ["the sky", "is blue", "because", "air", "scatters", "short waves", "of light", "most", "by day", "so"];
const OTHER: [&str; 10] = [
    "the sky",
    "looks blue",
    "since",
    "air",
    "spreads",
    "small waves",
    "of sunlight",
    "more",
    "at noon",
    "thus",
];

/// A model that answers in its own words, never twice alike; another one behind its name, once it is exchanged.
struct Writer {
    card: Script,
    random: Mutex<fastrand::Rng>,
    is_exchanged: Arc<AtomicBool>,
}

impl Writer {
    fn answer(&self) -> String {
        let is_exchanged = self.is_exchanged.load(Ordering::Relaxed);
        let (words, sentences) = if is_exchanged { (OTHER, 6..=9) } else { (USUAL, 3..=6) };
        let mut random = self.random.lock().expect("chance");
        let sentences = random.usize(sentences);
        let mut sentence = || {
            let words: Vec<&str> = (0..random.usize(4..9)).map(|_| words[random.usize(0..10)]).collect();
            format!("{}.", words.join(" "))
        };
        (0..sentences).map(|_| sentence()).collect::<Vec<_>>().join(" ")
    }
}

impl ChatModel for Writer {
    fn card(&self) -> &ModelCard {
        self.card.card()
    }

    fn identity(&self) -> Identity {
        self.card.identity()
    }

    fn prepare(&self) -> BoxFuture<'static, Availability> {
        self.card.prepare()
    }

    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        let answer = self.answer();
        self.card.clone().says(&answer).used(40).finishes("stop").stream(prompt)
    }
}

/// A canary whose runs are put into the past.
struct Watched {
    runs_per_day: usize,
    engine: Engine,
    process: Process,
    arena: Arc<Arena>,
    channel: Arc<MemoryChannel>,
    is_exchanged: Arc<AtomicBool>,
    start_ms: i64,
    runs: Vec<RaceId>,
}

impl Watched {
    async fn new(models: usize, runs_per_day: usize, seed: u64) -> Self {
        let (engine, is_exchanged) = (Engine::sqlite(), Arc::new(AtomicBool::new(false)));
        let process = engine.process().await;
        let writer = |index: usize| {
            let random = Mutex::new(fastrand::Rng::with_seed(seed + index as u64));
            let writer =
                Writer { card: model(&format!("m{index}")), random, is_exchanged: is_exchanged.clone() };
            Arc::new(writer) as Arc<dyn ChatModel>
        };
        let limits = Limits { races_per_minute: 1_000_000, ..LIMITS };
        let arena = Arena::new((0..models).map(writer).collect(), limits);
        let arena = Arc::new(arena.with_store(process.store.clone(), Caps::default()));
        let channel = Arc::new(MemoryChannel::default());
        arena.set_watch(WatchSettings {
            channels: vec![channel.clone()],
            canaries: vec![],
            probe_interval: Duration::ZERO,
        });
        process.store.register_canary("sky", "hash", 0).await.expect("stored");
        engine.execute("UPDATE canaries SET prompt_since = 0").await;
        let today = jiff::Timestamp::now().as_millisecond() / (24 * HOUR_MS);
        Self {
            runs_per_day,
            engine,
            process,
            arena,
            channel,
            is_exchanged,
            start_ms: (today - 22) * 24 * HOUR_MS,
            runs: vec![],
        }
    }

    fn store(&self) -> &Store {
        &self.process.store
    }

    async fn run(&mut self) {
        let race = QuietRace { tag: "sky".into(), models: vec![], prompt: "why?".into(), day_budget: None };
        let record = self.arena.race_quietly(race).await.expect("admitted");
        eventually(async || !self.store().is_unsettled(record.id).await.expect("an answer")).await;
        let [run, per_day] =
            [self.runs.len(), self.runs_per_day].map(|number| i64::try_from(number).expect("few"));
        let at_ms = self.start_ms + run * 24 * HOUR_MS / per_day;
        // the speeds of this machine are not the subject
        let set = format!("at = {at_ms}, speed = NULL, first_token = NULL");
        self.engine.execute(&format!("UPDATE samples SET {set} WHERE race = '{}'", record.id)).await;
        self.runs.push(record.id);
    }

    /// Looks as the leader does every hour, and returns the states of all incidents.
    async fn look(&self) -> Vec<(IncidentKind, IncidentState)> {
        self.arena.look(jiff::Timestamp::now()).await;
        let all = self.store().incidents(0).await.expect("incidents");
        all.iter().map(|stored| (stored.incident.kind, stored.incident.state)).collect()
    }

    async fn changes(&self) -> Vec<ChangedAnswers> {
        self.arena.changed_answers().await.expect("answers")
    }
}

fn seed() -> u64 {
    let seed = llm_arena::config::Env::process().text("ARENA_SEED").expect("text");
    let seed = seed.map_or(2_026, |seed| seed.parse().expect("a number"));
    println!("ARENA_SEED={seed}");
    seed
}

/// The last run of a day is the first one of the new model.
#[tokio::test]
async fn an_exchanged_model_is_reported_within_twelve_runs_of_every_three_hours() {
    report_within_twelve_runs(RUNS_PER_DAY, 10 * RUNS_PER_DAY + 7).await;
}

#[tokio::test]
async fn an_exchanged_model_is_reported_within_twelve_runs_of_every_six_hours() {
    report_within_twelve_runs(4, 17 * 4).await;
}

async fn report_within_twelve_runs(runs_per_day: usize, exchanged: usize) {
    let mut watched = Watched::new(1, runs_per_day, seed()).await;
    for _ in 0..exchanged {
        watched.run().await;
    }
    assert_eq!(watched.changes().await, [], "nothing has changed");
    assert_eq!((watched.look().await, watched.channel.messages().len()), (vec![], 0));
    watched.is_exchanged.store(true, Ordering::Relaxed);
    let mut changes = vec![];
    while changes.is_empty() && watched.runs.len() < exchanged + 12 {
        watched.run().await;
        watched.look().await;
        changes = watched.changes().await;
    }
    assert_eq!(watched.channel.messages().len(), 1, "posted within twelve runs");
    println!("reported after {} runs", watched.runs.len() - exchanged);
    let [change] = &changes[..] else { panic!("one change within twelve runs: {changes:?}") };
    assert_eq!((change.canary.as_str(), change.model.as_str()), ("sky", "m0"));
    assert_eq!(change.certain, *watched.runs.last().expect("a run"));
    let place = |race| watched.runs.iter().position(|run| *run == race).expect("a run");
    assert!(place(change.before.0) < exchanged && place(change.now.0) >= exchanged, "{change:?}");
    let [before, now] = [change.before, change.now];
    let before = watched.store().answer(before.0, before.1).await.expect("an answer").expect("a text");
    let now = watched.store().answer(now.0, now.1).await.expect("an answer").expect("a text");
    let has = |text: &str, words: [&str; 10]| words.iter().filter(|words| text.contains(**words)).count();
    assert!(has(&before, USUAL) > has(&before, OTHER), "{before}");
    assert!(has(&now, OTHER) > has(&now, USUAL), "{now}");
    // the next run shows the same change
    watched.run().await;
    assert_eq!(watched.changes().await, changes);
    assert_one_message(&watched, [&before, &now]).await;
    watched.process.shut_down().await;
}

/// The change is one message with both answers in its thread, also once a person has accepted it.
async fn assert_one_message(watched: &Watched, answers: [&str; 2]) {
    let confirmed = vec![(IncidentKind::Behaviour, IncidentState::Confirmed)];
    for _ in 0..2 {
        assert_eq!(watched.look().await, confirmed);
    }
    let [message] = &watched.channel.messages()[..] else { panic!("{:?}", watched.channel.messages()) };
    assert_eq!(
        (message.title(), message.thread()),
        ("m0 answers differently", vec!["m0 answers differently"])
    );
    assert!(message.text().contains("m0 (canary sky): other answers"), "{}", message.text());
    let shown = |label: &str, answer: &str| {
        let beginning: String = answer.chars().take(100).collect();
        let begins = format!("{label}: {beginning}");
        message.replies[0].0.lines.iter().any(|line| line.starts_with(&begins) && line.chars().count() <= 600)
    };
    assert!(shown("Before", answers[0]) && shown("Now", answers[1]), "{:?}", message.replies);
    assert!(!format!("{message:?}").contains("why?"), "the prompt");

    let id = watched.store().incidents(0).await.expect("incidents")[0].incident.id;
    let ana = Asker { id: "memory:ana".into(), name: "Ana".into() };
    let press = Press { platform: "memory", place: watched.channel.place(), person: &ana };
    watched.arena.respond_to_incident(id, IncidentAction::NewNormal, press).await;
    assert_eq!(watched.look().await, [(IncidentKind::Behaviour, IncidentState::Rebased)]);
    assert_eq!(watched.channel.messages().len(), 1);
}

#[tokio::test]
async fn twenty_unchanged_models_of_a_fortnight_are_hardly_ever_reported() {
    let mut watched = Watched::new(20, RUNS_PER_DAY, seed()).await;
    for run in 1..=14 * RUNS_PER_DAY {
        watched.run().await;
        // a change is found for 20 runs
        if run > 60 && run % (2 * RUNS_PER_DAY) == 0 {
            watched.look().await;
        }
    }
    let reported = watched.channel.messages();
    assert!(reported.len() <= 1, "ARENA_SEED={}: {reported:?}", seed());
    watched.process.shut_down().await;
}
