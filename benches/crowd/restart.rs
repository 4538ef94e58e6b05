//! The time from SIGTERM to the exit while races run that would not end by themselves.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    report,
    support::{
        discord::{ANA, ChannelKind},
        provider::{Answer, answer},
        scenario::{
            discord::{DiscordScenario, Setup as DiscordSetup},
            slack::{Setup as SlackSetup, SlackScenario},
        },
        slack::{self, CLUB, LOBBY},
    },
};

/// Two seconds for the live races, two for their last frames.
const LINES: &str = "[arena]\ndrain_seconds = 4\nraces_per_user_per_minute = 60";
const TARGET: Duration = Duration::from_secs(5);
const MODELS: &[(&str, &str)] = &[("a", "")];

pub(crate) async fn measure() {
    println!("SIGTERM with two live races, drain_seconds = 4");
    report("Discord, exit", &[discord().await], TARGET);
    report("Slack, exit", &[slack().await], TARGET);
}

fn endless() -> Answer {
    answer("a").role().says("It").says(" begins").hangs()
}

async fn discord() -> Duration {
    let setup = DiscordSetup { models: MODELS, lines: LINES, ..DiscordSetup::default() };
    let scenario = DiscordScenario::start(setup, [endless(), endless()]).await;
    for place in [ChannelKind::Server, ChannelKind::UserInstalled] {
        let request = scenario.discord.type_command("/arena compare", &[("prompt", "why?")], ANA, place);
        request.wait_for_text("begins").await;
    }
    let signalled = Instant::now();
    scenario.finish().await;
    signalled.elapsed()
}

async fn slack() -> Duration {
    let setup = SlackSetup { models: MODELS, lines: LINES, ..SlackSetup::default() };
    let scenario = SlackScenario::start(setup, [endless(), endless()]).await;
    for channel in [LOBBY, CLUB] {
        scenario
            .slack
            .type_command("/arena", "compare why?", slack::ANA, channel)
            .wait_for_text("begins")
            .await;
    }
    let signalled = Instant::now();
    scenario.finish().await;
    signalled.elapsed()
}
