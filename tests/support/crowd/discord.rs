//! Many races at once on Discord, with rate limits whose sizes are unknown to the bot.

use super::{LANES, LOG, MODELS, NO_RATE_LIMIT, prompt, streams};
use crate::support::{
    discord::{ANA, ChannelKind, FakeDiscord, UserRequest, World},
    scenario::discord::{DiscordScenario, Setup, Transport},
};

/// Starts this many races at once, with so many events a lane, and waits until all have their chart. Checks that the
/// bot caused no 429 and made no edit without a change.
pub async fn race(
    discord: FakeDiscord,
    lines: &str,
    races: usize,
    events: u32,
) -> (DiscordScenario, Vec<UserRequest>) {
    let setup = Setup {
        transport: Transport::Gateway,
        models: &MODELS,
        lines: NO_RATE_LIMIT,
        discord: lines,
        cold: true,
        log: LOG,
        ..Setup::default()
    };
    let answers = (0..races).flat_map(|_| LANES).map(|name| streams(name, events).whole());
    let scenario = DiscordScenario::start_with(discord, setup, answers).await;
    let discord = &scenario.discord;
    let ask =
        |race| discord.type_command("/arena compare", &[("prompt", &prompt(race))], ANA, ChannelKind::Server);
    let requests: Vec<_> = (0..races).map(ask).collect();
    discord.until(|world| requests.iter().all(|request| has_chart(world, request)).then_some(())).await;
    let (own_429, unchanged) = discord.world(|world| (world.own_429(), world.edits_without_change));
    assert_eq!((own_429, unchanged), (0, 0), "429s that the bot caused, edits without a change");
    (scenario, requests)
}

/// Returns true if the message of a race has its chart.
pub fn has_chart(world: &World, request: &UserRequest) -> bool {
    world.original(request.id()).is_some_and(|message| !message.look().attachments.is_empty())
}
