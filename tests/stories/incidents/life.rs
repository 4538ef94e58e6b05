//! The life of an incident in one service.

use std::sync::Arc;

use llm_arena::{
    arena::Caps,
    history::{Cause, IncidentAction, IncidentState},
    race::cost::Cost,
};

use super::{
    MemoryChannel, ReadableChannel as _, SLOW, START, Samples, World, channel::Fault, person, scripted,
    slower,
};
use crate::store::{engine::Engine, on_both};

on_both!(
    a_model_that_slows_by_a_third_is_one_message_from_confirmed_to_recovered,
    a_suspicion_that_probes_do_not_confirm_is_quiet,
    probes_stop_at_the_budget,
    a_new_normal_begins_a_new_baseline,
    a_muted_incident_is_edited_and_its_thread_is_quiet,
    a_forgotten_person_leaves_the_message,
    an_incident_that_comes_back_within_three_days_is_opened_again,
    a_slow_provider_is_one_incident,
    everything_slow_is_one_incident_about_our_own_line,
    a_post_whose_answer_is_lost_is_one_message,
    fourteen_flaps_a_day_are_one_incident,
);

async fn a_model_that_slows_by_a_third_is_one_message_from_confirmed_to_recovered(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(engine, START..SLOW + 40, slower(SLOW..SLOW + 15)).await;
    for day in SLOW - 2..SLOW + 15 {
        world.look(day).await;
        let posts = channel.messages().len();
        assert_eq!(posts == 1, world.states().await == [IncidentState::Confirmed], "posted when confirmed");
    }
    let message = world.message();
    assert_eq!(message.title(), "a is slower");
    assert!(message.text().contains(" tok/s (−3"), "{}", message.text());
    assert!(message.text().contains("(only this model)."), "{}", message.text());
    assert_eq!((message.shown[0].buttons.len(), message.thread()), (3, vec!["a is slower"]));
    assert!(message.replies[0].1, "the thread has the chart");
    world.look_on(SLOW + 15..SLOW + 40).await;
    let message = world.message();
    assert_eq!(
        (world.states().await, message.title()),
        (vec![IncidentState::Recovered], "a is back to normal")
    );
    assert_eq!((message.shown.len(), message.thread().len()), (2, 2), "{message:?}");
    assert!(message.shown[1].buttons.is_empty());
    world.process.shut_down().await;
}

async fn a_suspicion_that_probes_do_not_confirm_is_quiet(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    // people see two thirds of the speed that probes measure
    let speed = |day| slower(SLOW..SLOW + 99)(day) / 1.5;
    Samples::of("a").insert(engine, START..SLOW + 8, speed).await;
    world.look_on(SLOW..SLOW + 8).await;
    assert!(world.states().await.iter().all(|state| *state == IncidentState::Cleared));
    assert!((1..=3).contains(&world.incidents().await.len()), "two quiet days after each");
    assert!(channel.messages().is_empty());
    world.process.shut_down().await;
}

/// The scripted model costs money, and the budget of the day has room for two probes.
async fn probes_stop_at_the_budget(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let prices = llm_arena::model::Prices { input: 0, output: 1_000_000, max_output: 256, overhead: 0 };
    let model = scripted("a").used(250).with_card(|card| card.prices = Some(prices));
    let caps = Caps { day: Some(Cost::from_micros(600)), ..Caps::default() };
    let world = World::start(engine, &channel, &[model], caps).await;
    Samples::of("a").insert(engine, START..SLOW + 9, slower(SLOW..SLOW + 99)).await;
    world.look_on(SLOW..SLOW + 9).await;
    let message = world.message();
    assert_eq!(message.title(), "a is probably slower");
    assert!(message.text().contains("not confirmed by probes"), "{}", message.text());
    let probes = engine.query_text("SELECT CAST(COUNT(*) AS TEXT) FROM races WHERE kind = 'canary'").await;
    assert_eq!(probes.as_deref(), Some("2"));
    world.process.shut_down().await;
}

async fn a_new_normal_begins_a_new_baseline(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(engine, START..SLOW + 50, slower(SLOW..SLOW + 99)).await;
    world.look_on(SLOW..SLOW + 8).await;
    let answer = world.press(IncidentAction::NewNormal, SLOW + 8).await;
    assert!(answer.starts_with("Accepted as the new normal"), "{answer}");
    let message = world.message();
    assert_eq!(message.title(), "a: a new normal");
    assert!(message.text().contains("Ana accepted it"), "{}", message.text());
    let answer = world.press(IncidentAction::Seen, SLOW + 8).await;
    assert!(answer.starts_with("This incident is over."), "{answer}");
    world.look_on(SLOW + 9..SLOW + 50).await;
    assert_eq!(world.states().await, [IncidentState::Rebased], "no other incident");
    world.process.shut_down().await;
}

async fn a_muted_incident_is_edited_and_its_thread_is_quiet(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(engine, START..SLOW + 20, slower(SLOW..SLOW + 10)).await;
    world.look_on(SLOW..SLOW + 9).await;
    assert!(world.press(IncidentAction::Seen, SLOW + 9).await.contains("look after it"));
    let answer = world.press(IncidentAction::Mute, SLOW + 9).await;
    assert!(answer.starts_with("Muted until "), "{answer}");
    let text = world.message().text();
    assert!(text.contains("Seen by Ana · muted until "), "{text}");
    let ben = person("Ben");
    let elsewhere = llm_arena::arena::Press { platform: "memory", place: "C2", person: &ben };
    let id = world.incidents().await[0].id;
    let answer = world.arena.respond_to_incident(id, IncidentAction::NewNormal, elsewhere).await;
    assert!(answer.starts_with("This button works only in the channel"), "{answer}");
    world.look_on(SLOW + 9..SLOW + 16).await;
    let message = world.message();
    assert_eq!((message.title(), message.thread().len()), ("a is back to normal", 1));
    world.process.shut_down().await;
}

async fn a_forgotten_person_leaves_the_message(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(engine, START..SLOW + 20, slower(SLOW..SLOW + 99)).await;
    world.look_on(SLOW..SLOW + 9).await;
    world.press(IncidentAction::Seen, SLOW + 9).await;
    assert!(world.message().text().ends_with("Seen by Ana"), "{}", world.message().text());
    world.arena.forget("memory:Ana").await.expect("forgotten");
    world.look(SLOW + 9).await;
    assert!(world.message().text().ends_with("Seen"), "{}", world.message().text());
    world.press(IncidentAction::NewNormal, SLOW + 10).await;
    assert!(world.message().text().contains("Ana accepted it as the new normal"));
    world.arena.forget("memory:Ana").await.expect("forgotten");
    world.look(SLOW + 10).await;
    let text = world.message().text();
    assert!(text.contains("Accepted as the new normal") && !text.contains("Ana"), "{text}");
    world.process.shut_down().await;
}

async fn an_incident_that_comes_back_within_three_days_is_opened_again(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    let speed = |day: i64| {
        let is_slow = (SLOW..SLOW + 10).contains(&day) || (SLOW + 12..SLOW + 40).contains(&day);
        if is_slow { 100.0 } else { 150.0 }
    };
    Samples { kind: "canary", per_day: 12, ..Samples::of("a") }.insert(engine, START..SLOW + 22, speed).await;
    world.look_on(SLOW..SLOW + 22).await;
    let message = world.message();
    let incidents = world.incidents().await;
    assert_eq!((incidents.len(), incidents[0].state), (1, IncidentState::Confirmed), "{incidents:?}");
    assert_eq!(message.thread(), ["a is slower", "a is back to normal", "a is slower"]);
    assert!(message.text().contains("It came back once"), "{}", message.text());
    world.process.shut_down().await;
}

async fn a_slow_provider_is_one_incident(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let models = ["a", "b", "c", "d"].map(scripted);
    let world = World::start(engine, &channel, &models, Caps::default()).await;
    for (id, begin) in [("a", 0), ("b", 0), ("c", 2)] {
        let slow = SLOW + begin;
        Samples::of(id).insert(engine, START..SLOW + 12, slower(slow..SLOW + 99)).await;
    }
    Samples { provider: "other", ..Samples::of("d") }.insert(engine, START..SLOW + 12, |_| 100.0).await;
    world.look_on(SLOW..SLOW + 12).await;
    let incidents = world.incidents().await;
    assert_eq!(
        (incidents.len(), &incidents[0].cause),
        (1, &Cause::Provider("scripted".into())),
        "{incidents:?}"
    );
    assert_eq!(incidents[0].details.members.len(), 3);
    assert_eq!(world.message().title(), "All of provider scripted is slower");
    world.process.shut_down().await;
}

async fn everything_slow_is_one_incident_about_our_own_line(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let models = ["a", "b", "c"].map(scripted);
    let world = World::start(engine, &channel, &models, Caps::default()).await;
    for (id, provider) in [("a", "x"), ("b", "x"), ("c", "y")] {
        let samples = Samples { provider, ..Samples::of(id) };
        samples.insert(engine, START..SLOW + 9, slower(SLOW..SLOW + 99)).await;
    }
    world.look_on(SLOW..SLOW + 9).await;
    let incidents = world.incidents().await;
    assert_eq!((incidents.len(), &incidents[0].cause), (1, &Cause::Line), "{incidents:?}");
    assert!(world.message().text().contains("our own line"), "{}", world.message().text());
    world.process.shut_down().await;
}

async fn a_post_whose_answer_is_lost_is_one_message(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(engine, START..SLOW + 9, slower(SLOW..SLOW + 99)).await;
    channel.fail_next_post(Fault::LosesAnswer);
    world.look_on(SLOW..SLOW + 8).await;
    assert_eq!(world.message().title(), "a is slower");
    assert_eq!(world.message().thread().len(), 1);
    world.process.shut_down().await;
}

/// Every other sample is slow, and the service looks every hour.
async fn fourteen_flaps_a_day_are_one_incident(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    let samples = Samples { kind: "canary", per_day: 14, ..Samples::of("a") };
    samples.insert(engine, START..SLOW, slower(0..0)).await;
    samples.insert(engine, SLOW..SLOW + 12, slower(SLOW..SLOW + 99)).await;
    Samples { kind: "canary", per_day: 13, ..Samples::of("a") }
        .insert(engine, SLOW..SLOW + 12, slower(0..0))
        .await;
    for day in SLOW..SLOW + 12 {
        for hour in 0..24 {
            world.arena.look(super::after(day) + jiff::SignedDuration::from_hours(hour)).await;
        }
    }
    assert_eq!((world.incidents().await.len(), world.message().shown.len()), (1, 1));
    world.process.shut_down().await;
}
