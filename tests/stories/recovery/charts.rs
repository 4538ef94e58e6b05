//! The chart of a race that another process finished.

use super::{
    super::{KEY, TestService, program},
    TestStore,
    replica_pair::answers,
};
use crate::support::{
    discord::{self, ChannelKind, FakeDiscord},
    program::{Program, free_address},
    provider::{FakeProvider, Rules},
    scenario::{
        discord::{self as on_discord, Transport},
        slack::{self as on_slack, Transport as SlackTransport},
    },
    slack::{self, FakeSlack, LOBBY},
};

const ANSWER: &str = "Air scatters";

async fn provider() -> FakeProvider {
    let rules = Rules { key: Some(KEY.into()), cold: true, ..Rules::default() };
    FakeProvider::open_with(rules, answers(1, ANSWER)).await
}

/// The program with these lines in its configuration.
fn with(provider: &FakeProvider, mode: &str) -> Program {
    program(provider, &[("a", ""), ("b", "")]).with_lines(&format!("{mode}\n"))
}

#[tokio::test]
async fn on_discord_a_vote_that_the_next_process_closes_has_its_chart() {
    let (provider, store) = (provider().await, TestStore::sqlite());
    let (discord, address) = (FakeDiscord::open().await, free_address());
    discord.deliver_by(discord::Delivery::Http(address));
    let program = || {
        let program = with(&provider, on_discord::mode(Transport::Http));
        store.of(on_discord::with_credentials(program, &discord, Transport::Http), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("the commands were registered").await;
    let asked = [("prompt", "why so blue?")];
    let race = discord.type_command("/arena blind", &asked, discord::ANA, ChannelKind::Server);
    race.wait_until(|look| look.button("Close vote").is_some()).await;
    let message = race.wait_for_message().await;
    drop(bot.kill().await);
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("adopted an orphaned race").await;
    discord.press(message, "Close vote", discord::ANA).wait_for_ack().await;
    race.wait_for_end().await;
    race.wait_until(|look| !look.attachments.is_empty()).await;
    assert!(race.current().text().contains("attachment://"), "{}", race.current().text());
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    discord.assert_clean();
}

#[tokio::test]
async fn on_slack_a_vote_that_the_next_process_closes_has_its_chart() {
    let (provider, store) = (provider().await, TestStore::sqlite());
    let (slack, address) = (FakeSlack::open().await, free_address());
    slack.deliver_by(slack::Delivery::Http(address));
    let program = || {
        let program = with(&provider, on_slack::mode(SlackTransport::Http));
        store.of(on_slack::with_credentials(program, &slack, SlackTransport::Http), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("Slack knows the bot").await;
    let race = slack.type_command("/arena", "blind why so blue?", slack::ANA, LOBBY);
    race.wait_until(|look| look.button("Close vote").is_some()).await;
    let message = race.wait_for_message().await;
    drop(bot.kill().await);
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("adopted an orphaned race").await;
    slack.press(&message, "Close vote", slack::ANA);
    race.wait_for_end().await;
    race.wait_for_file("race.png").await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    slack.assert_clean();
}
