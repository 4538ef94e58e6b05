//! Models that are exchanged behind their names, and models that are not: from the answers of a canary, through the store,
//! to the change. `ARENA_SEED` repeats a run.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use futures::{future::BoxFuture, stream::BoxStream};
use llm_arena::{
    arena::{Arena, Caps, ChangedAnswers, Limits, QuietRace},
    model::{Availability, ChatModel, Identity, ModelCard, ModelError, Prompt, Stamped},
    race::RaceId,
    store::Store,
};

use super::LIMITS;
use crate::{
    store::engine::{Engine, Process},
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

/// A canary whose runs are put into the past, three hours apart.
struct Watched {
    engine: Engine,
    process: Process,
    arena: Arc<Arena>,
    is_exchanged: Arc<AtomicBool>,
    start_ms: i64,
    runs: Vec<RaceId>,
}

impl Watched {
    async fn new(models: usize, seed: u64) -> Self {
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
        process.store.register_canary("sky", "hash", 0).await.expect("stored");
        engine.execute("UPDATE canaries SET prompt_since = 0").await;
        let today = jiff::Timestamp::now().as_millisecond() / (24 * HOUR_MS);
        Self { engine, process, arena, is_exchanged, start_ms: (today - 20) * 24 * HOUR_MS, runs: vec![] }
    }

    fn store(&self) -> &Store {
        &self.process.store
    }

    async fn run(&mut self) {
        let race = QuietRace { tag: "sky".into(), models: vec![], prompt: "why?".into(), day_budget: None };
        let record = self.arena.race_quietly(race).await.expect("admitted");
        eventually(async || !self.store().is_unsettled(record.id).await.expect("an answer")).await;
        let at_ms = self.start_ms + 3 * HOUR_MS * i64::try_from(self.runs.len()).expect("few");
        self.engine.execute(&format!("UPDATE samples SET at = {at_ms} WHERE race = '{}'", record.id)).await;
        self.runs.push(record.id);
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

#[tokio::test]
async fn an_exchanged_model_is_reported_within_twelve_runs_with_answers_of_both() {
    let mut watched = Watched::new(1, seed()).await;
    // with the first run of a day. A difference must last until the next day, so that one which shows just after midnight
    // takes up to 14 runs: twelve are not enough for every exchange
    let exchanged = 10 * RUNS_PER_DAY;
    for _ in 0..exchanged {
        watched.run().await;
    }
    assert_eq!(watched.changes().await, [], "nothing has changed");
    watched.is_exchanged.store(true, Ordering::Relaxed);
    let mut changes = vec![];
    while changes.is_empty() && watched.runs.len() < exchanged + 12 {
        watched.run().await;
        changes = watched.changes().await;
    }
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
    // the next run tells the same change
    watched.run().await;
    assert_eq!(watched.changes().await, changes);
    watched.process.shut_down().await;
}

#[tokio::test]
async fn twenty_unchanged_models_of_a_fortnight_are_hardly_ever_reported() {
    let mut watched = Watched::new(20, seed()).await;
    let mut reported = std::collections::BTreeSet::new();
    for run in 1..=14 * RUNS_PER_DAY {
        watched.run().await;
        // a change is found for 20 runs
        if run > 60 && run % (2 * RUNS_PER_DAY) == 0 {
            reported.extend(watched.changes().await.into_iter().map(|change| (change.model, change.certain)));
        }
    }
    assert!(reported.len() <= 1, "ARENA_SEED={}: {reported:?}", seed());
    watched.process.shut_down().await;
}
