//! Blind races at the arena: what is shown before the vote closes, who counts, what outlives a process. The platforms have
//! stories of their own.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use llm_arena::{
    arena::{Arena, BlindSettings, Caps, CastBallot, Limits, LookupError, Origin, VoteError},
    model::{ChatModel, Color, ModelError},
    race::{
        Asker, RaceId, Record,
        report::Status,
        vote::{Choice, Label, RaceKind, Uncounted, Vote},
    },
    store::Location,
    view::{Progress, View, VoteView},
};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::task::TaskTracker;

use super::{LIMITS, with_timeout};
use crate::{
    store::engine::{Process, start},
    support::{
        script::{Script, model},
        window::{Watcher, Window},
    },
};

/// The models of these races: nothing of theirs may be seen while a vote is open.
const MODELS: [&str; 5] = ["falcon-1b", "heron-3b", "osprey-9b", "kestrel-40b", "condor-70b"];
/// The icon and the colour of each.
const LOOKS: [(&str, Color); 5] = [
    ("🦅", Color { r: 0x11, g: 0x22, b: 0x33 }),
    ("🪶", Color { r: 0x44, g: 0x55, b: 0x66 }),
    ("🐟", Color { r: 0x77, g: 0x88, b: 0x99 }),
    ("🌬", Color { r: 0xAA, g: 0xBB, b: 0xCC }),
    ("🏔", Color { r: 0xDD, g: 0xEE, b: 0xF0 }),
];

/// A process with an arena over a store in `folder`.
struct Service {
    arena: Arc<Arena>,
    process: Process,
}

impl Service {
    async fn open(location: Location, models: Vec<Script>, blind: BlindSettings) -> Self {
        let process = start(location, 30);
        process.connected().await;
        let models: Vec<Arc<dyn ChatModel>> = models.into_iter().map(Script::arc).collect();
        let arena = Arena::new(models, LIMITS)
            .with_blind_races(blind)
            .with_store(process.store.clone(), Caps::default());
        Self { arena: Arc::new(arena), process }
    }

    async fn in_memory(models: Vec<Script>) -> Self {
        Self::open(Location::Memory, models, BlindSettings::default()).await
    }

    /// Starts a blind race of all models.
    async fn race(&self, prompt: &str) -> Running {
        let asker = Asker { id: "test:ana".into(), name: "ana".into() };
        let admitted = self.arena.admit(asker, &[], prompt.into()).expect("admitted");
        let origin = Origin { platform: "test", message_ref: Some("there".into()), ..Origin::default() };
        let recorded = self.arena.record(admitted.of_kind(RaceKind::Blind), &origin).await.expect("recorded");
        let id = recorded.id();
        let (mut window, watcher) = Window::new();
        let arena = Arc::clone(&self.arena);
        let race = TaskTracker::new().spawn(async move { arena.race(recorded, &mut window).await });
        Running { id, watcher, race }
    }

    async fn cast(&self, id: RaceId, person: &str, choice: Choice) -> Result<CastBallot, VoteError> {
        with_timeout(self.arena.cast(id, person, choice)).await
    }

    async fn close(&self, id: RaceId) {
        self.arena.close_vote_for(id, "test:ana", false, "do").await.expect("closed");
    }

    async fn end(self) {
        assert!(self.arena.drain(Instant::now(), Instant::now() + Duration::from_secs(5)).await);
        self.process.shut_down().await;
    }
}

/// A blind race under way.
struct Running {
    id: RaceId,
    watcher: Watcher,
    race: JoinHandle<Arc<Record>>,
}

impl Running {
    async fn open(&mut self) -> View {
        with_timeout(self.watcher.until(|view| view.progress == Progress::Voting)).await
    }

    async fn record(self) -> Arc<Record> {
        with_timeout(self.race).await.expect("a record")
    }
}

fn label(letter: &str) -> Label {
    Label::parse(letter).expect("a label")
}

fn best(letter: &str) -> Choice {
    Choice::Best(label(letter), None)
}

/// A model of [`MODELS`] that answers `text` at `ms` per word.
fn writer(index: usize, text: &str, ms: u64) -> Script {
    let script = model(MODELS[index]).looks(LOOKS[index].0, LOOKS[index].1);
    let words = text.split_inclusive(' ').fold(script, |script, word| script.says(word).waits(ms));
    words.used(text.split(' ').count() as u64).finishes("stop")
}

fn writers() -> Vec<Script> {
    (0..5).map(|index| writer(index, "Air scatters blue light the most.", 3)).collect()
}

/// Finds what a view gives away about its models.
fn leaks(view: &View) -> Vec<String> {
    let shown = format!("{view:?}").to_lowercase();
    let colors = LOOKS.iter().map(|(_, color)| format!("{color:?}").to_lowercase());
    let hex = LOOKS.iter().map(|(_, color)| color.to_string().to_lowercase());
    let names = MODELS.iter().chain(&["scripted"]).map(|name| (*name).to_owned());
    let icons = LOOKS.iter().map(|(icon, _)| (*icon).to_owned());
    let hidden = names.chain(icons).chain(colors).chain(hex);
    hidden.filter(|secret| shown.contains(secret.as_str())).collect()
}

#[tokio::test]
async fn nothing_about_the_models_is_shown_before_the_vote_closes() {
    let text = "As Condor-70B, made by Falcon, I think that air scatters blue light.";
    let mut models = writers();
    models[4] = writer(4, text, 5).made_by("Falcon").thinks("Who am I?");
    let service = Service::in_memory(models).await;
    let mut race = service.race("why is the sky blue?").await;
    let open = race.open().await;
    let frames = race.watcher.frames();
    for frame in &frames {
        assert_eq!(leaks(frame), Vec::<String>::new(), "{frame:?}");
        assert!(frame.lesson.is_none() && frame.cost.is_none() && frame.elapsed.is_none());
    }
    let ready = frames.iter().filter_map(|frame| match frame.vote {
        Some(VoteView::Writing { ready, of: 5 }) => Some(ready),
        _ => None,
    });
    let ready: Vec<usize> = ready.collect();
    assert!(ready.is_sorted_by(|a, b| a < b), "a frame for each number of ready answers: {ready:?}");
    assert_eq!(open.lanes.len(), 5);
    assert!(open.lanes.iter().any(|lane| lane.answer.contains("As ▇▇▇, made by ▇▇▇, I think")), "{open:?}");
    let looked_up = service.arena.lookup(race.id).await.expect("a blinded record");
    assert_eq!(looked_up.report.lanes[0].card.name, "Answer A");
    assert_eq!(leaks(&View::over("ana", &looked_up.report)), Vec::<String>::new());
    let entrants = service.arena.entrants(Duration::from_secs(1)).await;
    assert!(entrants.iter().all(|entrant| entrant.last_speed.is_none() && entrant.weekly_median.is_none()));
    service.close(race.id).await;
    let record = race.record().await;
    let vote = record.report.vote.as_ref().expect("a vote");
    assert_eq!((vote.is_open, vote.uncounted), (false, Some(Uncounted::Leaked)));
    service.end().await;
}

#[tokio::test]
async fn ballots_are_counted_and_names_appear_when_the_vote_closes() {
    let service = Service::in_memory(writers()).await;
    let mut race = service.race("why is the sky blue?").await;
    race.open().await;
    service.cast(race.id, "test:ana", best("A")).await.expect("a ballot");
    service.cast(race.id, "test:ben", best("B")).await.expect("a ballot");
    let changed = Choice::Best(label("B"), Some(label("E")));
    assert_eq!(service.cast(race.id, "test:ana", changed).await.expect("a ballot").labels.len(), 5);
    with_timeout(race.watcher.until(|view| matches!(view.vote, Some(VoteView::Open { voters: 2, .. }))))
        .await;
    assert_eq!(service.cast(race.id, "test:cleo", best("F")).await, Err(VoteError::UnknownLabel));
    let same = Choice::Best(label("A"), Some(label("A")));
    assert_eq!(service.cast(race.id, "test:cleo", same).await, Err(VoteError::UnknownLabel));
    let stranger = service.arena.close_vote_for(race.id, "test:ben", false, "do").await;
    assert_eq!(stranger, Err(VoteError::NotYours { also: "do" }));
    service.close(race.id).await;
    assert_eq!(service.cast(race.id, "test:late", best("A")).await, Err(VoteError::Closed));
    let last = with_timeout(race.watcher.until(View::is_final)).await;
    let Some(VoteView::Closed { picks, voters: 2, none_good: 0, uncounted: None }) = &last.vote else {
        panic!("{:?}", last.vote)
    };
    assert_eq!((picks[0].label, picks[0].best), (label("B"), 2));
    let record = race.record().await;
    let vote = record.report.vote.as_ref().expect("a vote");
    assert_eq!(vote.order[1], picks[0].lane, "the label belongs to the lane that people saw under it");
    let kept = service.arena.lookup(record.id).await.expect("a record");
    assert_eq!(kept.report.lanes[picks[0].lane].card.id.as_str(), MODELS[picks[0].lane]);
    service.end().await;
}

#[tokio::test]
async fn a_lane_that_fails_or_is_late_is_left_out() {
    let mut models = writers();
    models[1] = model(MODELS[1]).waits(1).fails(ModelError::Empty);
    models[3] = model(MODELS[3]).says("I think").hangs();
    let blind = BlindSettings { deadline: Duration::from_millis(300), ..BlindSettings::default() };
    let service = Service::open(Location::Memory, models, blind).await;
    let mut race = service.race("why is the sky blue?").await;
    assert_eq!(race.open().await.lanes.len(), 3);
    service.close(race.id).await;
    let record = race.record().await;
    let order: BTreeSet<usize> = record.report.vote.as_ref().expect("a vote").order.iter().copied().collect();
    assert_eq!(order, BTreeSet::from([0, 2, 4]));
    assert!(matches!(record.report.lanes[3].status, Status::Stopped(_)), "{:?}", record.report.lanes[3]);
    service.end().await;
}

#[tokio::test]
async fn with_fewer_than_two_answers_there_is_no_vote() {
    let models = vec![writer(0, "Air.", 1), model(MODELS[1]).fails(ModelError::Empty)];
    let service = Service::in_memory(models).await;
    let race = service.race("why is the sky blue?").await;
    let id = race.id;
    let record = race.record().await;
    assert_eq!(record.report.vote, None);
    assert_eq!(service.cast(id, "test:ana", best("A")).await, Err(VoteError::Closed));
    service.end().await;
}

#[tokio::test]
async fn an_open_vote_takes_no_slot_of_the_races() {
    let process = start(Location::Memory, 30);
    process.connected().await;
    let models: Vec<Arc<dyn ChatModel>> = writers().into_iter().map(Script::arc).collect();
    let arena = Arena::new(models, Limits { concurrent_races: 1, ..LIMITS })
        .with_store(process.store.clone(), Caps::default());
    let service = Service { arena: Arc::new(arena), process };
    let mut first = service.race("why is the sky blue?").await;
    first.open().await;
    let mut second = service.race("how is it blue?").await;
    second.open().await;
    service.end().await;
}

#[tokio::test]
async fn the_same_question_within_ten_minutes_counts_once() {
    let service = Service::in_memory(writers()).await;
    for expected in [None, Some(Uncounted::Repeated)] {
        let mut race = service.race("why is the sky blue?").await;
        race.open().await;
        service.close(race.id).await;
        assert_eq!(race.record().await.report.vote.as_ref().expect("a vote").uncounted, expected);
    }
    service.end().await;
}

#[tokio::test]
async fn a_vote_closes_when_its_time_is_up() {
    let blind = BlindSettings { open_for: Duration::from_millis(200), ..BlindSettings::default() };
    let service = Service::open(Location::Memory, writers(), blind).await;
    let race = service.race("why is the sky blue?").await;
    let record = race.record().await;
    assert!(!record.report.vote.as_ref().expect("a vote").is_open);
    service.end().await;
}

#[tokio::test]
async fn a_restart_leaves_the_vote_to_the_next_process() {
    let folder = TempDir::new().expect("a folder");
    let location = || Location::Folder(folder.path().to_owned());
    let service = Service::open(location(), writers(), BlindSettings::default()).await;
    let mut race = service.race("why is the sky blue?").await;
    race.open().await;
    let (id, watcher) = (race.id, race.watcher.clone());
    service.cast(id, "test:ben", best("C")).await.expect("a ballot");
    service.end().await;
    assert_eq!(watcher.last().progress, Progress::Voting, "the message still takes ballots");
    let next = Service::open(location(), writers(), BlindSettings::default()).await;
    next.cast(id, "test:cleo", best("C")).await.expect("a ballot");
    let adopted = next.process.store.adopt(&["test"]).await.expect("adopted orphans");
    assert_eq!(adopted.len(), 1);
    next.close(id).await;
    let record = next.arena.lookup(id).await.expect("a record");
    let vote = record.report.vote.as_ref().expect("a vote");
    assert_eq!((vote.is_open, vote.tally.best(label("C"))), (false, 2));
    next.end().await;
}

#[tokio::test]
async fn a_restart_closes_a_vote_that_only_its_memory_holds() {
    let service = Service::in_memory(writers()).await;
    let mut race = service.race("why is the sky blue?").await;
    race.open().await;
    let watcher = race.watcher.clone();
    service.end().await;
    assert!(watcher.last().is_final());
    assert!(!race.record().await.report.vote.as_ref().expect("a vote").is_open);
}

#[tokio::test]
async fn a_blind_race_needs_a_store_and_two_models() {
    let ana = || Asker { id: "test:ana".into(), name: "ana".into() };
    let arena = Arena::new(vec![writer(0, "Air.", 1).arc(), writer(1, "Air.", 1).arc()], LIMITS);
    let admitted = arena.admit(ana(), &[], "why?".into()).expect("admitted").of_kind(RaceKind::Blind);
    let refused = arena.record(admitted, &Origin::default()).await.err().expect("a refusal");
    assert!(refused.to_string().contains("need a database"), "{refused}");
    let service = Service::in_memory(vec![writer(0, "Air.", 1)]).await;
    let admitted = service.arena.admit(ana(), &[], "why?".into()).expect("admitted");
    let refused = service.arena.record(admitted.of_kind(RaceKind::Blind), &Origin::default()).await;
    assert!(refused.err().expect("a refusal").to_string().contains("at least two models"));
    assert!(matches!(
        service.arena.lookup(RaceId::new(uuid::Uuid::now_v7())).await,
        Err(LookupError::Expired)
    ));
    service.end().await;
}

/// Over many races each label is the fastest, the slowest and the first of the line-up about as often as any other.
#[tokio::test]
async fn the_label_does_not_predict_the_speed() {
    const RACES: u32 = 60;
    // 400, 200, 133, 80 and 40 tokens per second
    let pauses = [2, 5, 7, 12, 25];
    let models = (0..5).map(|index| writer(index, "a b c d e f g h", pauses[index])).collect();
    let service = Service::in_memory(models).await;
    let votes = join_all((0..RACES).map(|i| {
        let service = &service;
        async move {
            let mut race = service.race(&format!("question {i}")).await;
            race.open().await;
            service.close(race.id).await;
            race.record().await.report.vote.clone().expect("a vote")
        }
    }));
    let votes: Vec<Vote> = votes.await;
    for lane in [0, 4] {
        let mut counts = [0_u32; 5];
        for vote in &votes {
            counts[vote.label_of(lane).expect("a label").index()] += 1;
        }
        // chi-square with four degrees of freedom: by chance above 33 in one of a million runs
        let expected = f64::from(RACES) / 5.0;
        let chi = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum::<f64>();
        assert!(chi < 33.0, "the lane {lane} was under these labels: {counts:?}");
    }
    service.end().await;
}
