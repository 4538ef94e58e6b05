//! Messages whose final frame a platform refuses: they are not forgotten, and the next start finishes them.

use super::{
    super::{KEY, TestService, program},
    TestStore,
};
use crate::support::{
    crowd,
    discord::{self, ChannelKind, FakeDiscord, Family},
    program::free_address,
    provider::{FakeProvider, Rules},
    scenario::{discord as on_discord, slack as on_slack},
    slack::{self, FakeSlack, LOBBY},
};

/// More refusals than the attempts at one final frame.
const REFUSALS: usize = 40;

async fn provider() -> FakeProvider {
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    FakeProvider::open_with(rules, [crowd::streams("a", 4).whole()]).await
}

#[tokio::test]
async fn on_slack_the_next_start_shows_a_final_frame_that_was_refused() {
    let (store, slack, provider) = (TestStore::sqlite(), FakeSlack::open().await, provider().await);
    let (address, transport) = (free_address(), on_slack::Transport::Http);
    slack.deliver_by(slack::Delivery::Http(address));
    let program = || {
        let program =
            program(&provider, &[("a", "")]).with_lines(&format!("{}\n", on_slack::mode(transport)));
        store.of(on_slack::with_credentials(program, &slack, transport), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("Slack knows the bot").await;
    (0..REFUSALS).for_each(|_| slack.fail_final_edit(slack::Fault::Refused("invalid_blocks")));
    let request = slack.type_command("/arena", &format!("compare {}", crowd::prompt(0)), slack::ANA, LOBBY);
    bot.wait_for_log("final frame not shown").await;
    // not killed: it writes down all that it would
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    slack.world(|world| drop(std::mem::take(&mut world.faults)));
    let bot = TestService::start(program(), address).await;
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("why it is so?"), "{}", last.text());
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    provider.discard_answers();
    slack.take_violations();
}

#[tokio::test]
async fn on_discord_the_next_start_shows_a_final_frame_that_was_refused() {
    let (store, discord, provider) = (TestStore::sqlite(), FakeDiscord::open().await, provider().await);
    let (address, transport) = (free_address(), on_discord::Transport::Http);
    discord.deliver_by(discord::Delivery::Http(address));
    let program = || {
        let lines = format!("{}\n", on_discord::mode(transport));
        let program = program(&provider, &[("a", "")]).with_lines(&lines);
        store.of(on_discord::with_credentials(program, &discord, transport), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("the commands were registered").await;
    (0..REFUSALS).for_each(|_| discord.refuse_next(Family::FinalEdit, 400, 50_035));
    let prompt = crowd::prompt(0);
    let request =
        discord.type_command("/arena compare", &[("prompt", &prompt)], discord::ANA, ChannelKind::Server);
    bot.wait_for_log("final frame not shown").await;
    // not killed: it writes down all that it would
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    discord.world(|world| drop(std::mem::take(&mut world.faults)));
    let bot = TestService::start(program(), address).await;
    let last = request.wait_for_end().await.look;
    assert!(!last.buttons().is_empty(), "an end without buttons:\n{}", last.text());
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    provider.discard_answers();
    discord.take_violations();
}
