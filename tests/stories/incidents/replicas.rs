//! Restarts and replicas: whatever dies, there is one message.

use std::{slice, sync::Arc};

use llm_arena::{arena::Caps, history::IncidentState};
use tokio_util::task::TaskTracker;

use super::{
    MemoryChannel, ReadableChannel as _, SLOW, START, Samples, World, channel::Fault, scripted, slower,
};
use crate::{
    store::{engine::Engine, on_both},
    support::wait::eventually,
};

on_both!(
    a_restart_in_each_state_loses_and_doubles_nothing,
    a_kill_between_two_probes_continues_with_the_next_one,
    a_restart_between_intent_and_post_posts_once,
);

/// Every day another process looks.
async fn a_restart_in_each_state_loses_and_doubles_nothing(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let mut world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(engine, START..SLOW + 20, slower(SLOW..SLOW + 10)).await;
    let mut states = vec![];
    for day in SLOW..SLOW + 20 {
        world.look(day).await;
        let state = world.states().await;
        if states.last() != Some(&state) {
            states.push(state);
        }
        world = world.restart(engine, &[scripted("a")]).await;
    }
    assert_eq!(states, [vec![], vec![IncidentState::Confirmed], vec![IncidentState::Recovered]]);
    let message = world.message();
    assert_eq!((message.shown.len(), message.thread().len()), (2, 2), "{message:?}");
    world.process.shut_down().await;
}

/// The third probe is the first one of a third process.
async fn a_kill_between_two_probes_continues_with_the_next_one(engine: &Engine) {
    let (channel, model) = (Arc::new(MemoryChannel::default()), scripted("a"));
    let mut world = World::start_with_slow_probes(engine, &channel, &model).await;
    Samples::of("a").insert(engine, START..SLOW + 9, slower(SLOW..SLOW + 99)).await;
    let probes = "SELECT CAST(COUNT(*) AS TEXT) FROM races WHERE kind = 'canary'";
    for killed in 1..=2 {
        let arena = Arc::clone(&world.arena);
        let looking = TaskTracker::new().spawn(async move {
            for day in SLOW..SLOW + 9 {
                arena.look(super::after(day)).await;
            }
        });
        let recorded =
            async || world.incidents().await.iter().map(|one| one.details.probes.len()).sum::<usize>();
        eventually(async || recorded().await == killed).await;
        assert_eq!(world.states().await, [IncidentState::Suspected]);
        looking.abort();
        let _ = looking.await;
        drop(world.arena);
        world.process.die().await;
        world = match killed {
            1 => World::start_with_slow_probes(engine, &channel, &model).await,
            _ => World::start(engine, &channel, slice::from_ref(&model), Caps::default()).await,
        };
        assert_eq!(engine.query_text(probes).await, Some(killed.to_string()));
        assert!(channel.messages().is_empty());
    }
    world.look_on(SLOW..SLOW + 9).await;
    assert_eq!(engine.query_text(probes).await.as_deref(), Some("5"), "no probe is repeated");
    assert_eq!(world.states().await, [IncidentState::Confirmed]);
    assert_eq!((world.message().title(), world.message().thread().len()), ("a is slower", 1));
    world.process.shut_down().await;
}

async fn a_restart_between_intent_and_post_posts_once(engine: &Engine) {
    let channel = Arc::new(MemoryChannel::default());
    let world = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(engine, START..SLOW + 9, slower(SLOW..SLOW + 99)).await;
    channel.fail_next_post(Fault::Hangs);
    let arena = Arc::clone(&world.arena);
    let looking = TaskTracker::new().spawn(async move {
        for day in SLOW..SLOW + 9 {
            arena.look(super::after(day)).await;
        }
    });
    eventually(async || !channel.messages().is_empty()).await;
    looking.abort();
    let _ = looking.await;
    drop(world.arena);
    world.process.die().await;
    let next = World::start(engine, &channel, &[scripted("a")], Caps::default()).await;
    // a process that was killed counts as alive until its lease expires
    eventually(async || {
        next.look(SLOW + 8).await;
        channel.messages()[0].thread().len() == 1
    })
    .await;
    assert_eq!(next.message().title(), "a is slower");
    next.process.shut_down().await;
}

/// SQLite has one process at a time.
#[tokio::test]
async fn two_replicas_post_one_message() {
    let Some(engine) = Engine::postgres().await else { return };
    let channel = Arc::new(MemoryChannel::default());
    let first = World::start(&engine, &channel, &[scripted("a")], Caps::default()).await;
    let second = World::start(&engine, &channel, &[scripted("a")], Caps::default()).await;
    Samples::of("a").insert(&engine, START..SLOW + 20, slower(SLOW..SLOW + 10)).await;
    for day in SLOW..SLOW + 20 {
        tokio::join!(first.look(day), second.look(day));
    }
    // both may edit at the same moment, to the same text
    let [message] = &channel.messages()[..] else { panic!("{:?}", channel.messages()) };
    assert_eq!((first.states().await, message.thread().len()), (vec![IncidentState::Recovered], 2));
    assert_eq!(message.title(), "a is back to normal");
    first.process.shut_down().await;
    second.process.shut_down().await;
    engine.drop_database().await;
}
