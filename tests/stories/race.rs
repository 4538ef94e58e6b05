//! Races that go well: every byte arrives, all start together on warm connections, Stop stops.

use std::{sync::Arc, time::Duration};

use llm_arena::{
    provider::Deadlines,
    race::metrics::TokenCount,
    view::{LaneState, Progress},
};

use super::{admit, arena, model, provider, race, with_timeout};
use crate::support::{
    provider::{Answer, FakeProvider, Gate, Spelling, answer},
    window::Window,
};

/// Texts that a careless client would break: several bytes a request, line ends, what looks like syntax.
const WORDS: [&str; 12] = [
    "data: ",
    "naïve ",
    "日本語",
    "👩‍🚀",
    "\r\n",
    "\n\n",
    "\"}]}",
    " <think>",
    "\u{2028}",
    "\\u00e9",
    "é",
    "[DONE]",
];

/// The tokens of lane `index`: the words in an order of its own, after one that is no tag.
fn tokens(index: usize, count: usize) -> Vec<&'static str> {
    let words = (0..count).map(|i| WORDS[(i * (index % 11 + 1) + index) % WORDS.len()]);
    ["So"].into_iter().chain(words).collect()
}

fn streams(name: &str, tokens: &[&str], per_event: usize) -> Answer {
    tokens.chunks(per_event).fold(answer(name).role(), Answer::says_tokens).whole()
}

#[tokio::test]
async fn nineteen_lanes_get_their_answers_to_the_byte() {
    let names: Vec<String> = (0..19).map(|i| format!("lane-{i}")).collect();
    let said: Vec<Vec<&str>> = (0..19).map(|i| tokens(i, 60 + i)).collect();
    let answers = names.iter().zip(&said).enumerate();
    let answers =
        answers.map(|(i, (name, tokens))| streams(name, tokens, 1 + i % 4).in_packets_of(700 - 30 * i));
    let fake = FakeProvider::open(answers).await;
    let client = provider(&fake.base_url(), None);
    let record = race(&arena(names.iter().map(|name| model(&client, name, Deadlines::default())))).await;
    let truth = fake.truth();
    for (lane, tokens) in record.report.lanes.iter().zip(&said) {
        let sent = truth.exchanges.iter().find(|request| request.model == lane.card.name).expect("request");
        assert_eq!(lane.metrics.output_tokens, sent.tokens(), "{}", lane.card.id);
        assert_eq!(lane.answer, tokens.concat(), "{}", lane.card.id);
        assert_eq!(
            (lane.metrics.output_tokens, lane.metrics.token_count),
            (tokens.len() as u64, TokenCount::Usage)
        );
        assert!(lane.status.is_finished() && lane.error.is_none(), "{lane:?}");
    }
}

#[tokio::test]
async fn all_start_after_every_connection_is_warm() {
    let names = ["a", "b", "c", "d", "e"];
    let fake = FakeProvider::open(names.map(|name| answer(name).says("Hi").whole())).await;
    let client = provider(&fake.base_url(), None);
    race(&arena(names.map(|name| model(&client, name, Deadlines::default())))).await;
    let truth = fake.truth();
    let warmed = truth.listings.iter().map(|listed| listed.at).max().expect("warm-ups");
    let mut connections: Vec<usize> = truth.exchanges.iter().map(|exchange| exchange.connection).collect();
    connections.sort_unstable();
    connections.dedup();
    assert_eq!(connections.len(), 5, "each lane has a connection of its own: {connections:?}");
    for exchange in &truth.exchanges {
        assert!(exchange.warm && exchange.arrived > warmed, "{exchange:?}");
    }
}

#[tokio::test]
async fn the_first_token_is_no_role_and_the_speed_no_count_of_events() {
    let late = Duration::from_millis(500);
    let begins = answer("m").role().comments("").until(late).says_tokens(&["a", "b"]);
    let pairs = (1..=5).map(|i| late + late * i / 5);
    let pairs = pairs.fold(begins, |some, due| some.until(due).says_tokens(&["c", "d"]));
    let fake = FakeProvider::open([pairs.whole()]).await;
    let record = race(&arena([model(&provider(&fake.base_url(), None), "m", Deadlines::default())])).await;
    let metrics = record.report.lanes[0].metrics;
    assert!(metrics.ttft >= Some(late) && metrics.total >= Some(2 * late), "{metrics:?}");
    let truth = &fake.truth().exchanges[0];
    let [first, .., last] = &*truth.writes else { panic!("{truth:?}") };
    let true_speed = 10.0 / (last.0 - first.0).as_secs_f64();
    let speed = metrics.tokens_per_second.expect("a speed");
    assert!((0.4..2.5).contains(&(speed / true_speed)), "{speed} tok/s, in truth {true_speed}");
}

#[tokio::test]
async fn a_stream_that_stays_open_does_not_slow_its_answer_down() {
    let begun = answer("m").says("a").until(Duration::from_millis(500)).says("b");
    let fake = FakeProvider::open([begun.finishes("stop").used().hangs()]).await;
    let record = race(&arena([model(&provider(&fake.base_url(), None), "m", Deadlines::default())])).await;
    let metrics = record.report.lanes[0].metrics;
    let seconds = 2.0 / metrics.end_to_end_tokens_per_second.expect("a speed");
    let total = metrics.total.expect("tokens").as_secs_f64();
    assert!(seconds < 1.4 * total, "over after {seconds} s, the last token after {total} s");
}

#[tokio::test]
async fn thoughts_are_told_from_the_answer_in_every_spelling() {
    let thoughts = ["Blue", " is", " < red", "\n"];
    let answers = Spelling::ALL.map(|spelling| {
        let begun = answer(&format!("{spelling:?}")).role().begins_to_think(spelling);
        let thought = begun.thinks(spelling, &thoughts[..3]).thinks(spelling, &thoughts[3..]);
        thought.ends_thinking(spelling).says("Rayleigh").says(" scattering.").whole()
    });
    let fake = FakeProvider::open(answers).await;
    let client = provider(&fake.base_url(), None);
    let names = Spelling::ALL.map(|spelling| format!("{spelling:?}"));
    let record = race(&arena(names.iter().map(|name| model(&client, name, Deadlines::default())))).await;
    for lane in &record.report.lanes {
        assert_eq!(lane.reasoning, thoughts.concat(), "{}", lane.card.id);
        assert_eq!(lane.answer, "Rayleigh scattering.", "{}", lane.card.id);
        let tags = if lane.card.id.as_str() == "ThinkTags" { 4 } else { 0 };
        assert!(lane.metrics.ttfa >= lane.metrics.ttft && lane.metrics.output_tokens == 6 + tags);
    }
}

#[tokio::test]
async fn stop_cancels_the_requests_and_keeps_the_text() {
    let names = ["one", "two", "three"];
    let fake = FakeProvider::open(names.map(|name| answer(name).role().says("So far").hangs())).await;
    let client = provider(&fake.base_url(), None);
    let arena = arena(names.map(|name| model(&client, name, Deadlines::default())));
    let recorded = admit(&arena).await;
    let id = recorded.id();
    let (mut window, mut watcher) = Window::new();
    let stopping = async {
        watcher.until(|view| view.lanes.iter().all(|lane| lane.answer == "So far")).await;
        assert!(arena.stop(id));
    };
    let (record, ()) =
        with_timeout(async { tokio::join!(arena.race(recorded, &mut window), stopping) }).await;
    let last = watcher.last();
    assert_eq!(last.progress, Progress::Stopped);
    for (lane, view) in record.report.lanes.iter().zip(&last.lanes) {
        assert_eq!((lane.answer.as_str(), lane.status.as_str()), ("So far", "stopped"));
        assert_eq!((view.answer.as_str(), view.state), ("So far", LaneState::Stopped));
    }
    with_timeout(fake.until(|truth| truth.exchanges.iter().all(|exchange| exchange.left().is_some()))).await;
}

#[tokio::test]
async fn a_restart_interrupts_and_cancels_in_the_same_way() {
    let fake = FakeProvider::open([answer("long").says("Once upon").hangs()]).await;
    let client = provider(&fake.base_url(), None);
    let arena = Arc::new(arena([model(&client, "long", Deadlines::default())]));
    let (mut window, mut watcher) = Window::new();
    let runner = Arc::clone(&arena);
    let recorded = admit(&arena).await;
    arena.spawn(async move {
        runner.race(recorded, &mut window).await;
    });
    with_timeout(watcher.until(|view| view.lanes[0].answer == "Once upon")).await;
    let now = tokio::time::Instant::now();
    assert!(with_timeout(arena.drain(now, now + Duration::from_secs(30))).await);
    assert_eq!(watcher.last().progress, Progress::Interrupted);
    with_timeout(fake.until(|truth| truth.exchanges.iter().all(|exchange| exchange.left().is_some()))).await;
}

#[tokio::test]
async fn a_chart_is_for_surfaces_that_want_one() {
    for (wants, charts) in [(true, 1), (false, 0)] {
        let (gate, words) = (Gate::default(), ["up", "on", "a", "time"]);
        let slow = |id| answer(id).says("Once").waits_for(&gate).streams(&words).whole();
        let fake = FakeProvider::open(["one", "two"].map(slow)).await;
        let client = provider(&fake.base_url(), None);
        let arena = arena(["one", "two"].map(|id| model(&client, id, Deadlines::default())));
        let (window, watcher) = Window::new();
        let mut window = if wants { window } else { window.without_chart() };
        let mut seen = watcher.clone();
        let opening = async {
            seen.until(|view| view.lanes.iter().all(|lane| lane.answer == "Once")).await;
            gate.open();
        };
        let recorded = admit(&arena).await;
        with_timeout(async { tokio::join!(arena.race(recorded, &mut window), opening) }).await;
        assert_eq!(watcher.charts().len(), charts);
    }
}
