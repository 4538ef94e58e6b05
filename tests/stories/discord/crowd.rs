//! A crowd: many races at once on buckets whose sizes the bot does not know. The bench `crowd` measures how soon their
//! frames come.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::support::{
    crowd::discord::race,
    discord::{FakeDiscord, Route, Span},
};

const RACES: usize = 12;
/// Crowds take turns: each uses a lot of CPU.
static TURN: Semaphore = Semaphore::const_new(1);
/// The events of a lane, ten a second.
const EVENTS: u32 = 15;

async fn all_end_well(discord: FakeDiscord, lines: &str) {
    let _turn = TURN.acquire().await.expect("never closed");
    race(discord, lines, RACES, EVENTS).await.0.finish().await;
}

/// Twelve races, each with a bucket of its own.
async fn each_alone(calls: u32, window: Duration) {
    let discord = FakeDiscord::open().await;
    discord.set_edit_limits(calls, window);
    all_end_well(discord, "").await;
}

#[tokio::test]
async fn twelve_races_on_buckets_of_five_in_two_seconds() {
    each_alone(5, 2.s()).await;
}

#[tokio::test]
async fn twelve_races_on_buckets_of_three_in_five_seconds() {
    each_alone(3, 5.s()).await;
}

#[tokio::test]
async fn twelve_races_on_buckets_of_one_in_a_second() {
    each_alone(1, 1.s()).await;
}

/// Twelve races whose messages have moved to one channel.
#[tokio::test]
async fn a_channel_that_all_share() {
    let discord = FakeDiscord::open().await;
    // a fifth of the window that bot authors report, so that the story is short
    discord.set_limit(Route::EditMessage, 5, 1.s());
    all_end_well(discord, "token_seconds = 1").await;
}
